"""Strategies one after the other, and `auto`: all of them on one archive."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from evaluators import Candidate, ClassLabel, PromptSet
from optimizers import Auto, Plan, Reply, Request, Search, Task, in_turn
from optimizers.archive import Scored
from optimizers.auto import shortlist
from optimizers.errors import BudgetReached, SettingsError
from optimizers.search import Usable
from prompt_search.testing.oracle_world import offered_among_noise, oracle_world
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score

CLASSES = tuple(ClassLabel(i, i) for i in ("cat", "dog", "owl"))
TASK = Task(CLASSES, n_search=100, fits=lambda text: len(text) < 300, labels=(0, 1, 2) * 33 + (0,))


def writer(request: Request) -> str:
    """A reply of the form each strategy asks for."""
    rng = random.Random(repr(request))
    word = rng.choice(["small", "bright", "dark", "plain", "wide"])
    if "Templates that were tried" in request.messages[-1].content:
        return f"<INS>a {word} view of a {{}}.</INS>"
    if "{}" in request.messages[-1].content:
        return f"a {word} picture of a {{}}."
    return f"It has {word} ears and {rng.choice(['soft', 'rough'])} fur."


def scored(prompts: PromptSet) -> float:
    return random.Random(prompts.fingerprint).randrange(100) / 100


def search(seed: int = 0) -> ScriptedSearch:
    return ScriptedSearch(TASK, writer, lambda prompts: plain_score(scored(prompts.compiled())), seed=seed)


def entry(order: int, fitness: float) -> Scored:
    prompts = PromptSet.of(CLASSES, [f"{order} {{}}"])
    return Scored(prompts, plain_score(fitness), fitness, order)


def test_every_strategy_runs_and_later_ones_see_what_earlier_ones_found() -> None:
    world = search()
    Auto(samples=1, calls=4).run(world)
    told = [message.split(" hands over")[0] for message in world.messages if message.startswith("auto: ")]
    names = ["cupl", "proapo", "hill-climb", "glov", "ipo", "ensemble-selection"]
    assert told == [f"auto: {name}" for name in names]


def test_it_hands_over_at_most_eight_scored_candidates_best_first() -> None:
    world = search()
    handed_over = Auto(samples=1, calls=4).run(world)
    entries = [world.archive.find(candidate) for candidate in handed_over]
    assert 1 < len(entries) <= 8
    assert entries == sorted(entries, key=lambda e: e.rank_key if e else ())
    assert entries[0] is not None
    assert entries[0].fitness == max(e.fitness for e in world.archive if e.candidate in handed_over)


def test_without_calls_only_the_strategies_that_ask_once_run() -> None:
    world = search()
    Auto(samples=1, calls=0).run(world)
    assert len(world.requests) <= Auto(samples=1, calls=0).plan(TASK).llm_calls
    assert not any(message.startswith("auto: glov") for message in world.messages)


def test_the_plan_is_kept() -> None:
    world = search()
    auto = Auto(samples=1, calls=4)
    auto.run(world)
    assert len(world.requests) <= auto.plan(TASK).llm_calls
    assert len(world.scored) <= auto.plan(TASK).evaluations


def test_the_best_of_every_strategy_is_on_the_shortlist_however_good_another_one_s_rest_is() -> None:
    strong = [entry(order, 0.9 + order / 100) for order in range(9)]
    weak = [entry(20, 0.1), entry(21, 0.2)]
    chosen = [each.order for each in shortlist([strong, weak, []])]
    assert chosen == [8, 7, 6, 5, 4, 3, 2, 21]


def test_the_same_seed_goes_the_same_way() -> None:
    one, two = search(3), search(3)
    assert Auto(samples=1, calls=4).run(one) == Auto(samples=1, calls=4).run(two)
    assert one.scored == two.scored
    assert one.requests == two.requests


def test_a_budget_that_covers_nothing_leaves_a_selection_from_templates() -> None:
    def broke(request: Request) -> str:
        raise BudgetReached("enough")

    world = ScriptedSearch(TASK, broke)
    (selected,) = Auto().run(world)
    assert "auto: the budget ended cupl" in world.messages
    assert selected.compiled().render(0) == ("a photo of a cat.",)


def test_what_hill_climbing_found_is_shown_by_those_after_it(tmp_path: Path) -> None:
    """It finds the best template of the oracle, which is offered once, among noise; all later questions show it."""
    world = oracle_world(tmp_path)
    offered = offered_among_noise([world.best])

    def answer(request: Request) -> str:
        return offered(request) if "{}" in request.messages[-1].content else "It has blue plastic chairs."

    search = world.search(answer)
    shortlist = Auto(samples=1).run(search)
    assert (world.best,) in [candidate.compiled().templates for candidate in shortlist[:2]]
    later = [q for q in search.questions if "rank 1: " in q or "Templates that were tried" in q]
    assert len(later) >= 40
    assert all(world.best in question for question in later)


@pytest.mark.parametrize("ended", ["hill-climb", "glov", "ipo"])
def test_a_budget_that_ends_a_later_one_leaves_what_was_found(ended: str) -> None:
    class Broke(ScriptedSearch):
        def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
            begins = {"proapo": "hill-climb", "hill-climb": "glov", "glov": "ipo"}
            before = [m.removeprefix("auto: ").split(" hands over")[0] for m in self.messages if m.startswith("auto: ")]
            if before and begins.get(before[-1]) == ended:
                raise BudgetReached("enough")
            return super().ask(requests)

    world = Broke(TASK, writer, lambda prompts: plain_score(scored(prompts.compiled())))
    handed_over = Auto(samples=1, calls=4).run(world)
    told = [message for message in world.messages if message.startswith("auto: ")]
    assert told[-2] == f"auto: the budget ended {ended}"
    assert told[-1].startswith("auto: ensemble-selection hands over 1")  # it selects without asking
    assert len(handed_over) == 8
    assert all(world.archive.find(candidate) for candidate in handed_over)


def test_a_budget_for_the_first_questions_only_still_lets_proapo_search() -> None:
    class Broke(ScriptedSearch):
        def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
            if self.requests:
                raise BudgetReached("enough")
            return super().ask(requests)

    world = Broke(TASK, writer, lambda prompts: plain_score(scored(prompts.compiled())))
    Auto(samples=1).run(world)
    told = [message.split(" hands over")[0] for message in world.messages if message.startswith("auto: ")]
    assert told == ["auto: cupl", "auto: proapo", "auto: the budget ended hill-climb", "auto: ensemble-selection"]
    assert len(world.scored) > 500


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"rounds": 0}, {"calls": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="auto: "):
        Auto(**wrong)


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
