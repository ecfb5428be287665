"""The checks of a strategy: ours pass, and every way to break a promise is found."""

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from evaluators import Candidate, ClassLabel, PromptSet
from optimizers import (
    Cupl,
    EnsembleSelection,
    HillClimbing,
    Ipo,
    Message,
    Optimizer,
    Plan,
    ProApo,
    Request,
    Search,
    Task,
)
from prompt_search.testing import (
    StrategyFault,
    check_deterministic,
    check_limits,
    check_nothing_from_nothing,
    check_plan,
    check_replay,
    check_shortlist,
    check_strategy,
)

WORDS = ("small", "bright", "dark", "plain", "wide", "old", "tall", "near")


def answer(request: Request) -> str:
    """Templates, and sentences where a class is asked about."""
    rng = random.Random(repr(request))
    if any(name in request.messages[-1].content for name in ("ash", "elm", "oak", "yew")):
        return "\n".join(f"It has {rng.choice(WORDS)} and {rng.choice(WORDS)} leaves in the sun." for _ in range(3))
    return "\n".join(f"a {rng.choice(WORDS)} and {rng.choice(WORDS)} picture of a {{}}." for _ in range(3))


@dataclass(frozen=True)
class OneTemplate:
    """Asks once, and hands over what it is told; the fields break one promise each."""

    asks: int = 1
    calls: int = 1
    renames: bool = False
    twice: bool = False
    draw: Callable[[], float] = field(default=lambda: 0.0)

    def plan(self, task: Task) -> Plan:
        return Plan(llm_calls=self.calls, evaluations=1)

    def run(self, search: Search) -> Sequence[Candidate]:
        requests = [Request((Message("user", f"template {i} {self.draw()}?"),)) for i in range(self.asks)]
        replies = search.ask(requests)
        prompts = PromptSet.of(search.task.classes, [replies[0].text.splitlines()[0]])
        search.score([prompts])
        if self.renames:
            prompts = PromptSet.of([ClassLabel(f"a{c.id}", c.name) for c in prompts.classes], ["a {}."])
        return [prompts] * (2 if self.twice else 1)


OURS: list[Optimizer] = [
    HillClimbing(iterations=2, pool=6),
    ProApo(generations=1, children=8, samples=2, groups=1, group_generations=1, rounds=1),
    Cupl(samples=1),
    Ipo(steps=2),
    EnsembleSelection(),
    OneTemplate(),
]


@pytest.mark.parametrize("strategy", OURS, ids=lambda strategy: type(strategy).__name__)
def test_a_strategy_that_keeps_its_promises_passes(strategy: Optimizer, tmp_path: Path) -> None:
    check_strategy(strategy, answer, tmp_path)


def test_more_questions_than_planned_are_found(tmp_path: Path) -> None:
    with pytest.raises(StrategyFault, match="at most 1 language model calls, the run made 2"):
        check_plan(OneTemplate(asks=2), answer, tmp_path)


def test_candidates_of_other_classes_are_found(tmp_path: Path) -> None:
    with pytest.raises(StrategyFault, match="candidate 0 of the shortlist has other classes"):
        check_shortlist(OneTemplate(renames=True), answer, tmp_path)


def test_an_empty_shortlist_is_found(tmp_path: Path) -> None:
    with pytest.raises(StrategyFault, match="has 0 candidates"):
        check_shortlist(Cupl(samples=1), lambda request: "", tmp_path)


def test_a_candidate_handed_over_twice_is_found(tmp_path: Path) -> None:
    with pytest.raises(StrategyFault, match="a candidate twice"):
        check_shortlist(OneTemplate(twice=True), answer, tmp_path)


def test_randomness_from_elsewhere_is_found(tmp_path: Path) -> None:
    with pytest.raises(StrategyFault, match=r"draw from search\.rng only"):
        check_deterministic(OneTemplate(draw=random.random), answer, tmp_path)


def test_the_state_of_the_random_module_is_left_as_it_was(tmp_path: Path) -> None:
    before = random.getstate()
    check_deterministic(OneTemplate(), answer, tmp_path)
    assert random.getstate() == before


def test_a_strategy_that_remembers_its_last_run_is_found(tmp_path: Path) -> None:
    runs = itertools.count()
    with pytest.raises(Exception, match="journal"):  # the journal's own complaint, or the check's
        check_replay(OneTemplate(draw=lambda: float(next(runs))), answer, tmp_path)


def test_an_error_where_calls_run_out_is_found(tmp_path: Path) -> None:
    with pytest.raises(IndexError):
        check_limits(Unprepared(), answer, tmp_path)


def test_a_look_at_images_that_are_sealed_is_found(tmp_path: Path) -> None:
    with pytest.raises(StrategyFault, match="on random labels"):
        check_nothing_from_nothing(Peeking(), answer, tmp_path)


@dataclass(frozen=True)
class Unprepared:
    """Takes it for granted that every question is answered."""

    def plan(self, task: Task) -> Plan:
        return Plan(llm_calls=4, evaluations=1)

    def run(self, search: Search) -> Sequence[Candidate]:
        replies = search.ask([Request((Message("user", f"{i}?"),)) for i in range(4)])
        template = replies[-1].text.splitlines()[0]
        search.score([PromptSet.of(search.task.classes, [template])])
        return [PromptSet.of(search.task.classes, [template])]


@dataclass(frozen=True)
class Peeking:
    """Takes from the select split which class is which."""

    def plan(self, task: Task) -> Plan:
        return Plan(llm_calls=0, evaluations=24)

    def run(self, search: Search) -> Sequence[Candidate]:
        evaluators = search.evaluators  # type: ignore[attr-defined]
        best = max(self._orders(search.task.classes), key=lambda each: evaluators.select.score([each])[0].top1)
        search.score([best])
        return [best]

    def _orders(self, classes: Sequence[ClassLabel]) -> list[PromptSet]:
        names = [label.name for label in classes]
        return [
            PromptSet(tuple(classes), texts=tuple((f"a {name}",) for name in order))
            for order in itertools.permutations(names)
        ]
