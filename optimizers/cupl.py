"""CuPL: customised prompts via language models (Pratt et al. 2023, arXiv:2209.03320). Zero-shot: no labels.

A few questions per class, several answers each, the questions written by the language model for these images if that is
wanted (MPVR, Mirza et al. 2024, arXiv:2403.11755); a class stands for the mean of its answers. The winner is decided by
the engine on the select split; this strategy never needs a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from evaluators import PHOTO_TEMPLATE, ClassLabel, PromptSet, fill, general_templates
from optimizers.asking import ask_usable, most_calls
from optimizers.errors import BudgetReached
from optimizers.language_model import Reply, Request
from optimizers.meta_prompts import QUESTION, class_questions, questions_turns, sentence_schema, small_list_schema
from optimizers.replies import list_fault, naming, sentence, written_questions
from optimizers.search import Search
from optimizers.settings import Count, Settings, Temperature
from optimizers.task import Plan, Task

__all__ = ["Cupl"]

WRITTEN, QUESTIONS_TOKENS = 3, 150
"""How many questions the language model writes for the images, and how long that reply may be."""


@dataclass(frozen=True, slots=True)
class Cupl(Settings):
    """Settings, with the constants of the reference implementation.

    Attributes:
        samples: answers per question.
        temperature: of sampling.
        max_tokens: longest answer in tokens; it is cut at the first full stop anyway.
        questions: more questions about the data set, `{}` for the class name, beside the three general ones.
        write_questions: have the language model write three more for these images, in one call before the others.
        combine: `none` for the answers alone; `templates` to hand over answers joined with the templates too.
    """

    called: ClassVar[str] = "cupl"
    asks_up_front: ClassVar[bool] = True

    samples: Count = 10
    temperature: Temperature = 0.99
    max_tokens: Count = 50
    questions: tuple[str, ...] = ()
    write_questions: bool = False
    combine: Literal["none", "templates"] = "none"

    def plan(self, task: Task) -> Plan:
        """Classes x questions x samples calls, and one or two to have questions written; one or two candidates."""
        written = WRITTEN if self.write_questions else 0
        calls = len(task.classes) * (3 + len(self.questions) + written) * self.samples
        return Plan(
            llm_calls=calls + most_calls(int(self.write_questions)), evaluations=1 if self.combine == "none" else 2
        )

    def run(self, search: Search) -> list[PromptSet]:
        """Ask, clean, and hand over the description set."""
        classes = search.task.classes
        asked = self._requests(search.task, [*self.questions, *self._written(search)])
        replies = search.ask(
            [request for _, request in asked],
            lambda index, text: self._usable(asked[index][0], text, search.task) is not None,
        )
        found: dict[str, dict[str, None]] = {label.id: {} for label in classes}
        for (label, _), reply in zip(asked, replies, strict=True):
            text = self._usable(label, reply.text, search.task)
            if text is not None:
                found[label.id][text] = None
        described = {class_id: list(texts) for class_id, texts in found.items() if texts}
        self._report(search, replies, described)
        if not described:
            return []
        plain = {c.id: described.get(c.id, [fill(PHOTO_TEMPLATE, c.name)]) for c in classes}
        shortlist = [PromptSet.of(classes, texts=plain)]
        fitting = [t for t in general_templates() if search.task.template_fits(t)]
        if self.combine == "templates" and fitting:
            shortlist.append(PromptSet.of(classes, fitting, described))
        scored = zip(search.score(shortlist), shortlist, strict=True)
        return [candidate for _, candidate in sorted(scored, key=lambda pair: pair[0].rank_key)]

    def _written(self, search: Search) -> list[str]:
        """Questions that the language model writes for these images; the run goes on without, if none is usable."""
        if not self.write_questions:
            return []
        request = Request(
            questions_turns(search.task.classes, search.task.description, WRITTEN),
            max_tokens=QUESTIONS_TOKENS,
            json_schema=sentence_schema(WRITTEN),
            small_schema=small_list_schema(QUESTION, WRITTEN),
        )
        try:
            (found,) = ask_usable(search, [request], lambda _, text: written_questions(text), list_fault).readings
        except BudgetReached:
            found = []
        search.log(f"cupl: {len(found[:WRITTEN])} questions were written for these images: {' '.join(found[:WRITTEN])}")
        return found[:WRITTEN]

    def _requests(self, task: Task, own: Sequence[str]) -> list[tuple[ClassLabel, Request]]:
        """First answers to all questions before second ones, so that a small budget still covers every class."""
        questions = [
            (label, Request(turns, temperature=self.temperature, max_tokens=self.max_tokens))
            for turn in range(3 + len(own))
            for label in task.classes
            for turns in [class_questions(label.name, task.description, own)[turn]]
        ]
        return questions * self.samples

    def _usable(self, label: ClassLabel, reply: str, task: Task) -> str | None:
        """The first sentence, with the name of its class."""
        described = sentence(reply, label.name)
        text = naming(described, label.name) if described is not None else ""
        return text if text and task.fits(text) else None

    def _report(self, search: Search, replies: list[Reply], described: dict[str, list[str]]) -> None:
        asked = sum(reply.finish != "budget" for reply in replies)
        kept = sum(map(len, described.values()))
        search.log(f"cupl: {kept} different usable descriptions from {asked} replies")
        bare = [label.id for label in search.task.classes if label.id not in described]
        if bare:
            search.log(f"cupl: no usable description, template kept: {', '.join(bare)}")
