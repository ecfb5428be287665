"""Strategies one after the other: who begins, what is handed over, and what a limit leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators import Candidate, PromptSet
from optimizers import Plan, Search, Task, in_turn
from optimizers.errors import BudgetReached
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score


@dataclass(frozen=True)
class Named:
    """Scores templates that are as good as the figures they begin with, and may be ended by a limit then."""

    templates: tuple[str, ...]
    ended: bool = False

    def plan(self, task: Task) -> Plan:
        return Plan(0, len(self.templates))

    def run(self, search: Search) -> Sequence[Candidate]:
        candidates = [PromptSet.of(search.task.classes, [template]) for template in self.templates]
        search.score(candidates)
        if self.ended:
            raise BudgetReached("time is up")
        return candidates


def world(task: Task) -> ScriptedSearch:
    return ScriptedSearch(task, scorer=lambda c: plain_score(int(c.templates[0].partition(" ")[0]) / 100))


def templates_of(entries: Sequence[object]) -> list[str]:
    return [entry.candidate.templates[0] for entry in entries]  # type: ignore[attr-defined]


def test_each_begins_with_its_number_and_hands_over_what_it_chose(task: Task) -> None:
    search, begun = world(task), list[tuple[str, int]]()
    strategies = [("one", Named(("1 {}", "9 {}"))), ("two", Named(("5 {}",)))]
    handed_over = list(in_turn(search, strategies, search.score, lambda name, number: begun.append((name, number))))
    assert begun == [("one", 0), ("two", 1)]
    assert [(each.name, templates_of(each.found), each.ended_by) for each in handed_over] == [
        ("one", ["1 {}", "9 {}"], None),
        ("two", ["5 {}"], None),
    ]


def test_one_that_a_limit_ends_hands_over_its_own_best_and_is_the_last(task: Task) -> None:
    search = world(task)
    strategies = [("one", Named(("99 {}",))), ("two", Named(("5 {}", "7 {}"), ended=True)), ("three", Named(("8 {}",)))]
    *_, last = in_turn(search, strategies, search.score)
    assert (last.name, templates_of(last.found), last.ended_by) == ("two", ["7 {}", "5 {}"], "time is up")
    assert len(search.archive) == 3, "the third did not run"


def test_no_more_than_eight_of_a_shortlist_are_taken(task: Task) -> None:
    search = world(task)
    (only,) = in_turn(search, [("one", Named(tuple(f"{i} {{}}" for i in range(10))))], search.score)
    assert templates_of(only.found) == [f"{i} {{}}" for i in range(8)]
