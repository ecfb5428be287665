"""Ensemble selection: per class the texts that together classify best (ours, after Caruana et al., ICML 2004).

library:  the general templates, what the archive and the user's prompts hold, and from the language model
          kinds of every class (as CHiLS asks for them) in two plain frames, and sentences about photos
select:   from "a photo of a {}." on, cycle over the classes; take the one text added or dropped that lowers the
          cross-entropy of the search images most, each class held to the general templates together
          how strongly is decided by cross-validation inside the search images, the plain prompts among the choices
loop:     for round in 1..rounds: ask for texts that tell the pairs of classes apart that cost most when held out;
          they join the library, and the selection is made again; it ends when that gains nothing

The selection itself is `evaluators.selection.text_selection`; the engine can make it again with the select images, and
with other words in the place of these, to tell what the words are worth.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from evaluators import (
    PHOTO_TEMPLATE,
    PLACEHOLDER,
    ClassLabel,
    PromptSet,
    Saying,
    Selected,
    SelectionSettings,
    TextLibrary,
)
from optimizers.errors import BudgetReached
from optimizers.imported_prompts import archived_texts, templates_at_hand
from optimizers.language_model import Reply, Request
from optimizers.meta_prompts import apart_question, everyday_question, kinds_question, photo_question
from optimizers.replies import all_sentences, naming, phrases
from optimizers.search import Search
from optimizers.settings import Count, CountOrZero, Settings
from optimizers.task import Plan, Task
from optimizers.template_search import template_library

__all__ = ["EnsembleSelection", "kinds_in", "sentences_in"]

FRAMES = (PHOTO_TEMPLATE, PLACEHOLDER)
"""What the kinds of a class are put into."""

QUESTIONS = 3
"""About every class: kinds, kinds in everyday words, sentences about photos."""


@dataclass(frozen=True, slots=True)
class EnsembleSelection(Settings):
    """Settings.

    Attributes:
        samples: answers to each of the three questions about a class.
        listed: kinds or sentences asked for in one answer.
        rounds: of asking for texts that tell classes apart, at most.
        pairs: of classes asked about in a round.
        most: texts a class may have in the end.
        max_tokens: longest answer, in tokens.
    """

    called: ClassVar[str] = "ensemble-selection"
    asks_up_front: ClassVar[bool] = True

    samples: CountOrZero = 2
    listed: Count = 10
    rounds: CountOrZero = 2
    pairs: CountOrZero = 10
    most: Count = 16
    max_tokens: Count = 150

    def plan(self, task: Task) -> Plan:
        """Classes x 3 x samples calls, and `pairs` in every round; one candidate."""
        classes = len(task.classes)
        apart = self.rounds * min(self.pairs, classes * (classes - 1))
        return Plan(llm_calls=classes * QUESTIONS * self.samples + apart, evaluations=1)

    def run(self, search: Search) -> list[PromptSet]:
        """Ask, select, and ask about what is still confused."""
        settings = SelectionSettings(most=self.most)
        library = self._library(search)
        best = search.choose_texts(library, settings)
        _report(search, best, library)
        for _ in range(self.rounds):
            grown = self._with_differences(search, library, best)
            if grown.fingerprint == library.fingerprint:
                break
            again = search.choose_texts(grown, settings if best.hold is None else replace(settings, tried=(best.hold,)))
            if again.loss is None or best.loss is None or again.loss >= best.loss:
                search.log("ensemble-selection: texts that tell classes apart gain nothing on images left out")
                break
            library, best = grown, again
            _report(search, best, library)
        return [library.prompt_set(best.chosen)]

    def _library(self, search: Search) -> TextLibrary:
        """What is at hand, and what the language model says of every class, each text once."""
        task = search.task
        asked = self._requests(task)

        def read(number: int, text: str) -> list[Saying]:
            index, what, _ = asked[number]
            return (kinds_in if what == "kinds" else sentences_in)(text, task.classes[index])

        replies = _ask(search, [request for _, _, request in asked], read)
        found: list[list[Saying]] = [[Saying(text) for text in own] for own in archived_texts(search)]
        counts = {"kinds": 0, "captions": 0}
        for number, ((index, what, _), reply) in enumerate(zip(asked, replies, strict=True)):
            new = read(number, reply.text)
            counts[what] += bool(new)
            found[index] += new
        usable = [f"{counts[what]} of {sum(w == what for _, w, _ in asked)} {what}" for what in counts]
        search.log(f"ensemble-selection: usable replies: {', '.join(usable)}")
        templates = template_library(task, templates_at_hand(search), task.domain)
        return TextLibrary(task.classes, tuple(templates), _fitting(found, task))

    def _requests(self, task: Task) -> list[tuple[int, str, Request]]:
        """First answers to all questions before second ones, so that a small budget still covers every class."""
        kinds = [kinds_question(label.name, task.description, self.listed) for label in task.classes]
        everyday = [everyday_question(label.name, self.listed) for label in task.classes]
        photos = [photo_question(label.name, self.listed) for label in task.classes]
        questions = [
            (index, what, Request(turns, temperature, max_tokens=self.max_tokens))
            for what, temperature, asked in (
                ("kinds", 0.7, kinds),
                ("kinds", 0.7, everyday),
                ("captions", 0.9, photos),
            )
            for index, turns in enumerate(asked)
        ]
        return questions * self.samples

    def _with_differences(self, search: Search, library: TextLibrary, best: Selected) -> TextLibrary:
        """The library with what the language model says about the costliest pairs."""
        task, chosen = search.task, library.prompt_set(best.chosen).rendered
        pairs = [(a, b) for a, b, _ in best.costly if task.classes[a].name != task.classes[b].name][: self.pairs]
        requests = [
            Request(
                apart_question(
                    task.classes[a].name, task.classes[b].name, chosen[a], chosen[b], task.description, self.listed // 2
                ),
                max_tokens=self.max_tokens,
            )
            for a, b in pairs
        ]

        def read(number: int, text: str) -> list[Saying]:
            return sentences_in(text, task.classes[pairs[number][0]])

        found = [list(own) for own in library.sayings]
        for number, reply in enumerate(_ask(search, requests, read)):
            found[pairs[number][0]] += read(number, reply.text)
        return library.with_sayings(_fitting(found, task))


def _ask(search: Search, requests: Sequence[Request], read: Callable[[int, str], list[Saying]]) -> list[Reply]:
    """The replies; empty ones where the budget covers none, since the search can go on with what is at hand."""
    try:
        return search.ask(requests, lambda number, text: bool(read(number, text))) if requests else []
    except BudgetReached as reached:
        search.log(f"ensemble-selection: nothing was asked: {reached}")
        return [Reply("", finish="budget")] * len(requests)


def kinds_in(text: str, label: ClassLabel) -> list[Saying]:
    """The names that a reply lists, but for that of the class itself, each in both frames."""
    own = label.name.casefold()
    return [Saying(kind, frame) for kind in phrases(text) if kind.casefold() != own for frame in FRAMES]


def sentences_in(text: str, label: ClassLabel) -> list[Saying]:
    """Sentences of a reply; one without the name of its class gets it in front."""
    return [Saying(naming(sentence, label.name)) for sentence in all_sentences(text, label.name)]


def _fitting(sayings: Iterable[Iterable[Saying]], task: Task) -> tuple[tuple[Saying, ...], ...]:
    """Per class its sayings that are within the model's context, each once."""
    return tuple(tuple(dict.fromkeys(each for each in own if task.fits(each.text))) for own in sayings)


def _report(search: Search, best: Selected, library: TextLibrary) -> None:
    texts = sum(map(len, library.texts))
    if best.hold is None:
        search.log(f"ensemble-selection: of {texts} texts none beat the plain prompts on search images left out")
        return
    held_out = "" if best.loss is None else f", cross-entropy {best.loss:.4f} on images left out"
    plain = "" if best.plain is None else f" (plain prompts {best.plain:.4f})"
    kept = sum(map(len, best.chosen))
    search.log(f"ensemble-selection: {kept} of {texts} texts, hold {best.hold:g}{held_out}{plain}")
