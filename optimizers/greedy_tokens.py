"""Greedy search over the tokens of a language model (Akinwande et al. 2023, arXiv:2310.03957).

for step in 1..length:                              # stage 1: one template for all classes
    tokens the model finds likeliest after the template -> score each -> the best joins it, if it helps
for step in 1..length:                              # stage 2: from there on, each class its own text
    for class in 1..C:
        tokens the model finds likeliest after the class's text -> score each -> the best joins it, if it helps

The model is not asked for prompts: it tells what may come next, and the images choose. So any model that tells
log-probabilities will do, also one that was never tuned to answer. The paper takes the best token also where none
helps; here such a text is finished, for it would only get less likely.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from evaluators import PLACEHOLDER, PromptSet, fill
from optimizers.language_model import Ability
from optimizers.likelihood import STAND_IN, TokenLogProbability, likelihood_request, opening, tokens_in
from optimizers.search import SHORTLIST, Search
from optimizers.settings import Count, Range, Settings
from optimizers.task import Plan, Task
from optimizers.template_search import best_first, first_templates, initial_templates, score_templates

__all__ = ["GreedyTokens"]

USABLE_TOKEN = re.compile(r" ?[^\W_]+(?:['-][^\W_]+)*|[,;:]| ?[-(]|\)")
"""Words, parts of words, and the signs that hold words together. What ends a sentence ends a prompt."""

ENDS = " ,;:-("
"""What a prompt can't end with."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text as far as it is grown: of one class, or a template. `nats` is how unlikely what was added is."""

    so_far: str
    nats: float = 0.0

    @property
    def ended(self) -> str:
        """As it stands in a prompt set."""
        return self.so_far.rstrip(ENDS) + "."

    def with_token(self, token: str, log_probability: float) -> "_Text":
        return _Text(self.so_far + token, self.nats - log_probability)


@dataclass(frozen=True, slots=True)
class GreedyTokens(Settings):
    """Settings.

    Attributes:
        length: tokens that a text may grow by in each stage.
        tokens: how many of the likeliest next tokens are tried.
        grow: the template alone, or each class's own text after it.
        prior: what a nat of unlikeliness costs, in units of fitness per search image; 0 leaves it to the images alone
            which of the likeliest tokens is taken. With 1 a prompt must be worth, in nats of cross-entropy over all
            search images, what it costs to say; with few images that is too dear for any word.
    """

    called: ClassVar[str] = "greedy-tokens"

    length: Count = 4
    tokens: Count = 16
    grow: Literal["template", "classes"] = "classes"
    prior: Annotated[float, Range(0)] = 0.0

    @property
    def needs(self) -> frozenset[Ability]:
        """The model must tell how likely tokens are."""
        return frozenset({"likelihood"})

    def plan(self, task: Task) -> Plan:
        """One question per text and step, and as many candidates as it has tokens."""
        texts = 1 + (len(task.classes) if self.grow == "classes" else 0)
        first = len(_first(task)) + SHORTLIST
        return Plan(llm_calls=texts * self.length, evaluations=texts * self.length * self.tokens + first)

    def run(self, search: Search) -> list[PromptSet]:
        """Grow the template, then the classes' texts, and hand over what there was after each step, fittest first."""
        template, found = self._grow_template(search)
        if self.grow == "classes":
            found += self._grow_classes(search, template)
        different = list({each.fingerprint: each for each in found}.values())
        ranked = sorted(search.score(different), key=lambda entry: entry.rank_key)[:SHORTLIST]
        return [entry.candidate.compiled() for entry in ranked]

    def _grow_template(self, search: Search) -> tuple[str, list[PromptSet]]:
        """The grown template, and the candidates on the way to it."""
        classes = search.task.classes
        first = best_first(score_templates(search, _first(search.task, search)))[0].template
        text, found = _Text(first.removesuffix(".")), [PromptSet.of(classes, [first])]
        for _ in range(self.length):
            (options,) = self._options(search, [(STAND_IN, fill(text.so_far, STAND_IN))])
            grown = [text.with_token(*option) for option in options]
            fitting = [each for each in grown if search.task.template_fits(each.ended)]
            tried = [PromptSet.of(classes, [each.ended]) for each in fitting]
            best = self._best(search, found[-1], text, tried, fitting)
            if best is None:
                break
            text = fitting[best]
            found.append(tried[best])
        search.log(f"greedy-tokens: the template grew by {len(found) - 1} tokens")
        return found[-1].templates[0], found

    def _grow_classes(self, search: Search, template: str) -> list[PromptSet]:
        """The candidates after each step, each with the texts of all classes so far."""
        classes = search.task.classes
        texts = [_Text(fill(template, label.name).removesuffix(".")) for label in classes]
        current, found, counts = _candidate(search, texts), list[PromptSet](), Counter[str]()
        open_ = list(range(len(classes)))
        for _ in range(self.length):
            asked = [(classes[index].name, texts[index].so_far) for index in open_]
            offered = dict(zip(open_, self._options(search, asked), strict=True))
            for index, options in offered.items():
                grown = [texts[index].with_token(*option) for option in options]
                fitting = [each for each in grown if search.task.fits(each.ended)]
                tried = [_candidate(search, [*texts[:index], each, *texts[index + 1 :]]) for each in fitting]
                best = self._best(search, current, texts[index], tried, fitting)
                if best is None:
                    open_.remove(index)
                    continue
                texts[index], current = fitting[best], tried[best]
                counts["tokens"] += 1
            found.append(current)
            if not open_:
                break
        search.log(f"greedy-tokens: the texts of {len(classes)} classes grew by {counts['tokens']} tokens together")
        return found

    def _options(self, search: Search, texts: Sequence[tuple[str, str]]) -> list[list[TokenLogProbability]]:
        """For each pair of a class's name and a text so far the usable ones among the likeliest next tokens."""
        requests = [likelihood_request(opening(name) + text, top=self.tokens) for name, text in texts]
        replies = search.ask(requests, lambda _, text: bool(tokens_in(text)))
        return [[each for each in tokens_in(reply.text) if USABLE_TOKEN.fullmatch(each[0])] for reply in replies]

    def _best(
        self, search: Search, current: PromptSet, text: _Text, tried: Sequence[PromptSet], grown: Sequence[_Text]
    ) -> int | None:
        """Which of the grown texts is worth most, if it is worth more than the text as it is."""
        before, *entries = search.score([current, *tried])
        cost = self.prior / search.task.n_search
        worth = [entry.fitness - cost * (each.nats - text.nats) for entry, each in zip(entries, grown, strict=True)]
        best = max(range(len(worth)), key=worth.__getitem__, default=None)
        return best if best is not None and worth[best] > before.fitness else None


def _first(task: Task, search: Search | None = None) -> list[str]:
    """The templates it may begin with: the user's own and the best so far, and "a photo of a {}."."""
    own = initial_templates(task)
    return [each for each in (first_templates(search, own) if search else own) if PLACEHOLDER in each]


def _candidate(search: Search, texts: Sequence[_Text]) -> PromptSet:
    classes = search.task.classes
    return PromptSet(classes, texts=tuple((text.ended,) for text in texts))
