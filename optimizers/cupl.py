"""CuPL: customised prompts via language models (Pratt et al. 2023, arXiv:2209.03320). Zero-shot: no labels.

A few questions per class, several answers each; a class stands for the mean of its answers. The winner is decided by
the engine on the select split; this strategy never needs a score.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from evaluators import PHOTO_TEMPLATE, ClassLabel, PromptSet, fill, general_templates
from optimizers.language_model import Reply, Request
from optimizers.meta_prompts import class_questions
from optimizers.replies import sentence
from optimizers.search import Search
from optimizers.settings import Count, Settings, Temperature
from optimizers.task import Plan, Task

__all__ = ["Cupl"]


@dataclass(frozen=True, slots=True)
class Cupl(Settings):
    """Settings, with the constants of the reference implementation.

    Attributes:
        samples: answers per question.
        temperature: of sampling.
        max_tokens: longest answer in tokens; it is cut at the first full stop anyway.
        questions: more questions about the data set, `{}` for the class name, beside the three general ones.
        combine: `none` for the answers alone; `templates` to hand over answers joined with the templates too.
    """

    called: ClassVar[str] = "cupl"

    samples: Count = 10
    temperature: Temperature = 0.99
    max_tokens: Count = 50
    questions: tuple[str, ...] = ()
    combine: Literal["none", "templates"] = "none"

    def plan(self, task: Task) -> Plan:
        """Classes x questions x samples calls; one or two candidates."""
        calls = len(task.classes) * (3 + len(self.questions)) * self.samples
        return Plan(llm_calls=calls, evaluations=1 if self.combine == "none" else 2)

    def run(self, search: Search) -> list[PromptSet]:
        """Ask, clean, and hand over the description set."""
        classes = search.task.classes
        asked = self._requests(search.task)
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

    def _requests(self, task: Task) -> list[tuple[ClassLabel, Request]]:
        """First answers to all questions before second ones, so that a small budget still covers every class."""
        questions = [
            (label, Request(turns, temperature=self.temperature, max_tokens=self.max_tokens))
            for turn in range(3 + len(self.questions))
            for label in task.classes
            for turns in [class_questions(label.name, task.description, self.questions)[turn]]
        ]
        return questions * self.samples

    def _usable(self, label: ClassLabel, reply: str, task: Task) -> str | None:
        text = sentence(reply, label.name)
        return text if text is not None and task.fits(text) else None

    def _report(self, search: Search, replies: list[Reply], described: dict[str, list[str]]) -> None:
        asked = sum(reply.finish != "budget" for reply in replies)
        kept = sum(map(len, described.values()))
        search.log(f"cupl: {kept} different usable descriptions from {asked} replies")
        bare = [label.id for label in search.task.classes if label.id not in described]
        if bare:
            search.log(f"cupl: no usable description, template kept: {', '.join(bare)}")
