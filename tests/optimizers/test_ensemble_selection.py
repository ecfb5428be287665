"""Ensemble selection: what it asks, what it takes from replies, and what it hands over."""

from pathlib import Path

import pytest

from evaluators import PromptSet
from optimizers import EnsembleSelection, Reply, Request, Task
from optimizers.errors import BudgetReached, SettingsError
from prompt_search.testing.oracle_world import ANIMALS, oracle_world
from prompt_search.testing.scripted_search import ScriptedSearch

TRAITS = dict(zip(ANIMALS, ["stripe", "whisker", "beak", "wing", "brush", "antler"], strict=True))
VISIBLE = {name: f"{name} {trait}" for name, trait in TRAITS.items()}


def knowing(request: Request) -> str:
    """A language model that knows what can be seen, and says it as a kind, among others."""
    question = request.messages[-1].content
    name = next((name for name in ANIMALS if f'"{name}"' in question), "")
    if question.startswith(("List", "What are common kinds")):
        return f"1. {name} {TRAITS[name]}\n2. {name} umbrella"
    return f"It has a {TRAITS[name]} you can see. Really."


def test_it_finds_the_words_that_can_be_seen(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE)
    search = world.search(knowing)
    (found,) = EnsembleSelection(samples=1, rounds=1).run(search)
    told = [
        any(TRAITS[label.name] in text for text in own)
        for label, own in zip(found.classes, found.rendered, strict=True)
    ]
    assert sum(told) >= 5
    plain = PromptSet.of(found.classes, ["a photo of a {}."])
    ours, photo = search.score([found, plain])
    assert ours.score.top1 > photo.score.top1


def test_it_asks_no_more_than_it_plans(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE)
    strategy = EnsembleSelection(samples=2, rounds=3, pairs=4)
    search = world.search(knowing)
    strategy.run(search)
    plan = strategy.plan(world.task)
    assert plan.llm_calls == 6 * 3 * 2 + 3 * 4
    assert 6 * 6 < len(search.requests) <= plan.llm_calls


def test_its_plan_is_below_that_of_cupl(task: Task) -> None:
    from optimizers import Cupl

    assert EnsembleSelection().plan(task).llm_calls < Cupl().plan(task).llm_calls


def test_the_costliest_pairs_are_shown_with_the_texts_chosen_so_far(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE | {"cat": "owl"})
    search = world.search(knowing)
    EnsembleSelection(samples=1, rounds=1, pairs=1).run(search)
    asked = search.questions[-1]
    assert 'It often takes images of "cat" for "owl".' in asked
    assert "photo of a cat" in asked or "whisker" in asked


def test_the_loop_ends_when_it_gains_nothing_on_images_left_out(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE)
    search = world.search(lambda request: "" if "It often takes" in request.messages[-1].content else knowing(request))
    EnsembleSelection(samples=1, rounds=5, pairs=2).run(search)
    assert len(search.requests) == 6 * 3 + 2  # nothing came of the first round, so there was no second


def test_useless_replies_leave_a_selection_from_the_templates(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}")
    search = world.search(lambda _: Reply("I'm sorry, I can't.", finish="stop"))
    (found,) = EnsembleSelection(samples=1).run(search)
    assert all(search.libraries[0].sayings[c] == () for c in range(6))
    assert len(found.classes) == 6
    assert any("0 of 12 kinds, 0 of 6 captions" in message for message in search.messages)


def test_braces_and_format_fields_in_replies_are_text(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}")
    search = world.search(lambda _: "{0.__class__}\n{name}\nsmall tabby")
    EnsembleSelection(samples=1, rounds=0).run(search)
    said = {each.text for own in search.libraries[0].sayings for each in own}
    assert said == {"a photo of a small tabby.", "small tabby"}  # too short for a caption


def test_a_budget_that_covers_nothing_still_gives_a_selection(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}")

    class Broke(ScriptedSearch):
        def ask(self, requests: object, usable: object = None) -> list[Reply]:
            raise BudgetReached("no calls left")

    search = Broke(world.task, (), world.evaluator)
    (found,) = EnsembleSelection().run(search)
    assert found.n_texts >= 6


def test_prompts_that_are_there_join_the_library(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}")
    search = world.search()
    own = PromptSet.of(
        world.task.classes, texts={label.id: [f"one {label.name} of mine"] for label in world.task.classes}
    )
    search.score([own])
    EnsembleSelection(samples=0, rounds=0).run(search)
    assert [each.text for each in search.libraries[0].sayings[0]] == [f"one {world.task.classes[0].name} of mine"]


@pytest.mark.parametrize("wrong", [{"most": 0}, {"samples": -1}, {"rounds": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="ensemble-selection"):
        EnsembleSelection(**wrong)
