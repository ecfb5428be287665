"""`auto`: all strategies on one archive."""

import random

import pytest

from evaluators import ClassLabel, PromptSet
from optimizers import Auto, Request, Task
from optimizers.archive import Scored
from optimizers.auto import shortlist
from optimizers.errors import BudgetReached, SettingsError
from tests.fakes.scripted_search import ScriptedSearch, plain_score

CLASSES = tuple(ClassLabel(i, i) for i in ("cat", "dog", "owl"))
TASK = Task(CLASSES, n_search=100, fits=lambda text: len(text) < 300, labels=(0, 1, 2) * 33 + (0,))


def writer(request: Request) -> str:
    """A reply of the form each strategy asks for."""
    rng = random.Random(repr(request))
    word = rng.choice(["small", "bright", "dark", "plain", "wide"])
    if "<INS>" in request.messages[-1].content:
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
    assert told == ["auto: cupl", "auto: proapo", "auto: hill-climb", "auto: glov", "auto: ipo"]


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


def test_a_budget_ends_all_of_it() -> None:
    def broke(request: Request) -> str:
        raise BudgetReached("enough")

    with pytest.raises(BudgetReached):
        Auto().run(ScriptedSearch(TASK, broke))


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"rounds": 0}, {"calls": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="auto: "):
        Auto(**wrong)
