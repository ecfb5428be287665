"""What a run will cost, told before it: against what it then does cost."""

from pathlib import Path

import pytest

from evaluators import ClassLabel, ImageTextModel
from optimizers import Cupl, HillClimbing, Ipo, Request, Task
from optimizers.language_model import Message
from prompt_search.llm.prices import Price
from prompt_search.run.config import RunConfig
from prompt_search.run.job import NamedStrategy
from prompt_search.run.plan.dry_run import DryRun, dry_run, listed_task
from prompt_search.run.plan.rehearsal import RehearsedSearch
from tests.prompt_search.conftest import World

STRATEGIES: list[NamedStrategy] = [("cupl", Cupl(samples=2)), ("hill-climb", HillClimbing(iterations=3, pool=6))]


def planned(world: World, price: Price | None = None) -> DryRun:
    config = RunConfig.of(str(world.images))
    return dry_run(config, STRATEGIES, world.model, price, world.folder / "cache-plan")


def test_the_plan_is_what_the_run_then_does(world: World) -> None:
    plan, result = planned(world), world.run()
    assert [each.llm_calls for each in plan.strategies] == [phase.llm_calls for phase in result.cost.phases]
    assert plan.images == {"search": 9, "select": 9, "test": 9}
    assert plan.texts > 0


def test_the_plan_is_never_above_what_the_strategies_say_is_the_most(world: World) -> None:
    for each in planned(world).strategies:
        assert each.llm_calls <= each.most_llm_calls
        assert each.evaluations <= each.most_evaluations


def test_the_price_makes_it_dollars(world: World) -> None:
    (cupl, _) = planned(world, Price(1.0, 2.0)).strategies
    assert cupl.usd == pytest.approx((cupl.prompt_tokens + 2 * cupl.completion_tokens) / 1e6)
    assert planned(world).usd is None


def test_captions_are_planned_where_a_strategy_wants_them(world: World) -> None:
    config = RunConfig.of(str(world.images), captions=5)
    cache = world.folder / "cache-plan"
    ipo, captions = dry_run(config, [("ipo", Ipo())], world.model, Price(1.0, 2.0), cache).strategies
    assert (captions.name, captions.llm_calls) == ("captions", 5)
    assert captions.usd == pytest.approx((captions.prompt_tokens + 2 * captions.completion_tokens) / 1e6)
    assert ipo.llm_calls <= ipo.most_llm_calls
    assert len(dry_run(config, STRATEGIES, world.model, None, cache).strategies) == 2


def test_no_picture_is_opened_and_nothing_is_stored(world: World) -> None:
    for path in world.images.rglob("*.png"):
        path.write_bytes(b"not a picture")
    assert planned(world).classes == 3
    assert not list((world.folder / "cache-plan").rglob("images*"))


def test_the_notes_are_what_the_run_then_says(world: World) -> None:
    for number, folder in enumerate(("blue_sky", "green_leaf", "red_ball")):
        (world.images / folder).rename(world.images / str(number))
    (world.images / "0" / "read me.txt").write_text("of a person", encoding="utf-8")
    mine, begun = world.folder / "mine.json", world.folder / "begun.txt"
    mine.write_text('["a {c}."]', encoding="utf-8")
    begun.write_text("one {c}.", encoding="utf-8")
    config = RunConfig.of(str(world.images), model=world.model.name, baseline=(str(mine),), start=(str(begun),))
    plan = dry_run(config, STRATEGIES, world.model, None, world.folder / "cache-plan")
    result = world.run(baseline=[mine], start=[begun])
    assert [note.split(" is read")[0] for note in plan.notes[-2:]] == ["mine.json", "begun.txt"]
    assert "1 file that is no picture ignored: '0/read me.txt'" in plan.notes
    assert any(note.startswith("warning: 3 of 3 class names are numbers") for note in plan.notes)
    assert plan.to_json()["notes"] == plan.notes
    seen = [note for note in result.notes if "nearly the same" not in note]  # which takes the features of all
    assert tuple(seen[1 : 1 + len(plan.notes)]) == plan.notes  # the first tells the sizes of the splits


def test_prompts_to_begin_from_are_what_the_rehearsal_begins_from(world: World) -> None:
    mine, begun = world.folder / "mine.txt", world.folder / "begun.txt"
    mine.write_text("a {c} to beat.", encoding="utf-8")
    begun.write_text("a {c} to begin from.", encoding="utf-8")
    config = RunConfig.of(str(world.images), baseline=(str(mine),), start=(str(begun),))
    (start,) = listed_task(config, lambda _: True, world.folder / "cache-plan", world.model).task.start
    assert start.templates == ("a {} to begin from.",)


def test_texts_that_are_cached_need_not_be_encoded(world: World) -> None:
    before = planned(world)
    world.run(cache_dir=world.folder / "cache-plan")
    assert planned(world).texts < before.texts


def test_rehearsed_replies_have_the_form_that_is_asked_for(tmp_path: Path, tiny_model: ImageTextModel) -> None:
    search = RehearsedSearch(Task((ClassLabel("a", "cat"),), 4, lambda _: True), seed=0)
    schema = '{"type": "object", "properties": {"list": {"type": "array", "items": {"type": "string"}}}}'
    turns = [Message("user", "Between <INS> and </INS>, with {}."), Message("user", "Describe it.")]
    tagged, plain = search.ask([Request((turn,)) for turn in turns])
    assert tagged.text.startswith("<INS>")
    assert "{}" in tagged.text
    assert "{" not in plain.text
    (listed,) = search.ask([Request((turns[1],), json_schema=schema)])
    assert listed.text.count('"') == 2 + 2 * 2
    assert search.llm_calls == 3
