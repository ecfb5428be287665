"""Reflection on mistakes (ours, in the manner of GEPA, Agrawal et al. 2025, arXiv:2507.19457).

start:  the plain prompts, the user's own, the best of the strategies before this one
for step in 1..steps:
    draw parents from the Pareto front: who is best on some class, the oftener the more classes it is best on
    for each: draw some of its mistakes -> LLM: what do they have in common? -> LLM: new texts for the classes concerned
    children: the new texts instead of the old or beside them, for all those classes or one of them;
              and a cross of two of the front, each class with the texts of the one that knows it better
    score the children; they may be parents

As in GEPA the language model sees what went wrong in words, and no one number decides who goes on: a candidate that is
best on one class stays a parent, however it does on the others. GEPA's prompts are those of a language model and its
examples single questions; here they are the texts of a classifier, and its classes.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from evaluators import PHOTO_TEMPLATE, PromptSet, general_templates
from optimizers.archive import Scored
from optimizers.asking import account, ask_usable, most_calls
from optimizers.language_model import Message, Request
from optimizers.meta_prompts import Mistake, diagnosis_turn, rewriting_turns
from optimizers.replies import all_sentences, answer_in, list_fault, naming
from optimizers.search import SHORTLIST, Search
from optimizers.settings import Count, Settings, Temperature
from optimizers.shortlist import different, texts_alike
from optimizers.task import Plan, Task

__all__ = ["Reflect", "pareto_front"]

CONSIDERED = 100
"""Of how many of the fittest those that are handed over are chosen."""


@dataclass(frozen=True, slots=True)
class Reflect(Settings):
    """Settings.

    Attributes:
        steps: rounds of drawing parents, asking and scoring.
        parents: drawn in a step; their questions go out together.
        mistakes: pairs of confused classes that the language model is shown of a parent.
        classes: whose texts are rewritten for a parent, at most.
        listed: sentences asked for in one rewriting.
        most: texts that a class may have; where new ones come beside old ones, the first of the old ones stay.
        temperature: of sampling.
        max_tokens: longest reply, in tokens.
    """

    called: ClassVar[str] = "reflect"

    steps: Count = 6
    parents: Count = 3
    mistakes: Count = 3
    classes: Count = 3
    listed: Count = 5
    most: Count = 16
    temperature: Temperature = 1.0
    max_tokens: Count = 150

    def plan(self, task: Task) -> Plan:
        """For every parent one question about its mistakes and one per class; children both ways, and the crosses."""
        asked, rewritten = self.steps * self.parents, min(self.classes, 2 * self.mistakes, len(task.classes))
        started = 2 + len(task.start) + SHORTLIST
        children = 2 * (1 + rewritten) + 1
        return Plan(llm_calls=asked * (1 + most_calls(rewritten)), evaluations=started + asked * children)

    def run(self, search: Search) -> list[PromptSet]:
        """Reflect, and hand over the fittest that differ."""
        population = {entry.order: entry for entry in search.score(_start(search))}
        counts: Counter[str] = Counter()
        for _ in range(self.steps):
            front = pareto_front(list(population.values()))
            cases = [case for parent in _draw(front, self.parents, search.rng) if (case := self._case(parent, search))]
            if not cases:
                search.log("reflect: the parents make no mistakes on the search images")
                break
            written = self._ask(search, cases, counts)
            children = [
                child for case, texts in zip(cases, written, strict=True) for child in self._children(case, texts)
            ]
            children += [_crossed(*_draw(front, 2, search.rng)) for _ in cases]
            population |= {entry.order: entry for entry in search.score(children)}
        search.log(account("reflect", "text", counts))
        ranked = sorted(population.values(), key=lambda entry: entry.rank_key)[:CONSIDERED]
        return different([entry.candidate.compiled() for entry in ranked], texts_alike, SHORTLIST)

    def _case(self, parent: Scored, search: Search) -> "_Case | None":
        """Some mistakes of a parent, frequent ones likelier; `None` if it makes none that can be spoken of."""
        names = [label.name.casefold() for label in search.task.classes]
        left = [made for made in parent.score.confusions if names[made[0]] != names[made[1]]]
        drawn: list[Mistake] = []
        while left and len(drawn) < self.mistakes:
            (made,) = search.rng.choices(left, [images for _, _, images in left])
            left.remove(made)
            drawn.append(made)
        weight: Counter[int] = Counter()
        for label, prediction, images in drawn:
            weight.update({label: images, prediction: images})
        concerned = sorted(weight, key=lambda index: (-weight[index], index))[: self.classes]
        return _Case(parent.candidate.compiled(), tuple(drawn), tuple(concerned)) if drawn else None

    def _ask(self, search: Search, cases: Sequence["_Case"], counts: Counter[str]) -> list[dict[int, list[str]]]:
        """Per case the new texts of its classes: first what its mistakes have in common, then each class."""
        task = search.task
        turns = [diagnosis_turn(c.mistakes, task.classes, c.texts, task.description) for c in cases]
        diagnoses = search.ask([self._request(turn) for turn in turns])
        asked = [(number, index) for number, case in enumerate(cases) for index in case.concerned]
        requests = [
            self._request(
                *rewriting_turns(
                    turns[number],
                    answer_in(diagnoses[number].text),
                    task.classes[index].name,
                    [task.classes[rival].name for rival in cases[number].rivals(index)],
                    self.listed,
                )
            )
            for number, index in asked
        ]
        answers = ask_usable(search, requests, lambda _, text: all_sentences(text, ""), list_fault)
        counts += answers.counts
        written: list[dict[int, list[str]]] = [{} for _ in cases]
        for (number, index), sentences in zip(asked, answers.readings, strict=True):
            named = [naming(sentence, task.classes[index].name) for sentence in sentences]
            fitting = [text for text in named if task.fits(text)][: self.listed]
            if fitting:
                written[number][index] = fitting
        return written

    def _request(self, *turns: Message) -> Request:
        return Request(turns, temperature=self.temperature, max_tokens=self.max_tokens)

    def _children(self, case: "_Case", written: Mapping[int, Sequence[str]]) -> list[PromptSet]:
        """The parent with new texts instead of the old ones, and beside them: of all classes, and of each alone."""
        new = {index: list(texts)[: self.most] for index, texts in written.items()}
        beside = {i: [*case.texts[i][: self.most - len(own)], *own] for i, own in new.items()}
        changes = [
            part
            for texts in (new, beside)
            for part in (texts, *({index: own} for index, own in texts.items() if len(texts) > 1))
        ]
        return [_changed(case.parent, change) for change in changes if change]


@dataclass(frozen=True, slots=True)
class _Case:
    """A parent, some of its mistakes, and the classes whose texts are to be rewritten, by index."""

    parent: PromptSet
    mistakes: tuple[Mistake, ...]
    concerned: tuple[int, ...]

    @property
    def texts(self) -> dict[int, tuple[str, ...]]:
        """Those of every class in a mistake."""
        return {index: self.parent.render(index) for made in self.mistakes for index in made[:2]}

    def rivals(self, index: int) -> list[int]:
        """The classes that one is confused with."""
        pairs = [(label, prediction) for label, prediction, _ in self.mistakes if index in (label, prediction)]
        return list(dict.fromkeys(b if a == index else a for a, b in pairs))


def pareto_front(scored: Sequence[Scored]) -> list[tuple[Scored, int]]:
    """Who is best on some class, and on how many; the fittest first.

    Best is who has the highest recall there. Left out is who is nowhere better, and somewhere worse, than another one
    of them.

    Args:
        scored: candidates on the same images; classes without images say nothing.
    """
    classes = [c for c, recall in enumerate(scored[0].score.recall) if recall is not None] if scored else []
    table = {entry.order: tuple(entry.score.recall[c] or 0.0 for c in classes) for entry in scored}
    tops = [max(column) for column in zip(*table.values(), strict=True)]
    wins = {order: sum(r == top for r, top in zip(own, tops, strict=True)) for order, own in table.items()}
    rows = {table[order] for order, count in wins.items() if count}
    leaders = sorted((entry for entry in scored if wins[entry.order]), key=lambda entry: entry.rank_key)
    return [(entry, wins[entry.order]) for entry in leaders if not _dominated(table[entry.order], rows)]


def _dominated(own: tuple[float, ...], rows: Iterable[tuple[float, ...]]) -> bool:
    return any(row != own and all(a >= b for a, b in zip(row, own, strict=True)) for row in rows)


def _draw(front: Sequence[tuple[Scored, int]], count: int, rng: random.Random) -> list[Scored]:
    """Members of a front, each as likely as the number of classes it is best on; one may come twice."""
    return rng.choices([entry for entry, _ in front], [wins for _, wins in front], k=count)


def _start(search: Search) -> list[PromptSet]:
    task = search.task
    general = [template for template in general_templates() if task.template_fits(template)]
    plain = [PromptSet.of(task.classes, templates) for templates in ([PHOTO_TEMPLATE], general) if templates]
    return [*plain, *task.start, *(entry.candidate.compiled() for entry in search.archive.best(SHORTLIST))]


def _changed(parent: PromptSet, texts: Mapping[int, Sequence[str]]) -> PromptSet:
    """The parent with other texts for some classes."""
    rendered = {label.id: texts.get(index, parent.render(index)) for index, label in enumerate(parent.classes)}
    return PromptSet.of(parent.classes, texts=rendered)


def _crossed(one: Scored, other: Scored) -> PromptSet:
    """Each class with the texts of the one that knows it better; where both know it alike, of the fitter one."""
    first, second = sorted((one, other), key=lambda entry: entry.rank_key)
    better = [
        second if (b or 0.0) > (a or 0.0) else first
        for a, b in zip(first.score.recall, second.score.recall, strict=True)
    ]
    texts = {index: entry.candidate.compiled().render(index) for index, entry in enumerate(better)}
    return _changed(first.candidate.compiled(), texts)
