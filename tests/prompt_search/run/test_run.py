"""A run from the outside: new, going on, finished, and what can be done with it then."""

import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

import prompt_search
from optimizers import Cupl, HillClimbing
from prompt_search import Budget, Resources, Run, RunConfig
from prompt_search.errors import RunMissing, SettingsError
from prompt_search.llm.prices import Price
from prompt_search.run.job import NamedStrategy
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import World, plausible


def new_run(world: World, **values: Any) -> Run:
    strategies: list[NamedStrategy] = [("cupl", Cupl(samples=2)), ("hill-climb", HillClimbing(iterations=3, pool=6))]
    return Run(
        RunConfig.of(str(world.images), **values),
        world.folder / "run",
        resources=Resources(cache_dir=world.folder / "cache"),
        strategies=strategies,
        model=world.model,
        llm=ScriptedModel(plausible),
    )


def test_nothing_is_touched_before_it_is_told_to(world: World) -> None:
    run = new_run(world)
    assert run.state().phase == "new"
    assert run.best_so_far() is None
    assert not run.folder.exists()


def test_the_plan_is_what_is_then_done(world: World) -> None:
    run = new_run(world)
    planned = run.plan()
    result = run.execute()
    assert [each.llm_calls for each in planned.strategies] == [phase.llm_calls for phase in result.cost.phases]


def test_a_finished_run_tells_its_figures_and_gives_back_its_result(world: World) -> None:
    run = new_run(world)
    result = run.execute()
    state = run.state()
    assert state.phase == "finished"
    assert state.llm_calls == result.cost.llm_calls
    assert state.candidates > 10
    best = run.best_so_far()
    assert best is not None
    assert best.result["proven"] is False
    again = run.result()
    assert again.to_json() == result.to_json()
    assert again.folder == run.folder


def test_one_that_a_limit_ended_goes_on_with_a_larger_one(world: World) -> None:
    run = new_run(world)
    assert run.execute(Budget(max_calls=3)).cost.llm_calls == 3
    assert run.execute(Budget(max_calls=5)).cost.llm_calls == 5


def test_its_prompts_are_scored_and_exported(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prompt_search.score_file.load_prompt_model", lambda *_, **__: world.model)
    run = new_run(world)
    result = run.execute()
    assert run.score().splits["test"].top1 == result.winner.test.top1
    (texts,) = run.export(["cupl"], world.folder / "exported")
    assert texts.parent == world.folder / "exported"


def test_a_folder_without_a_run_can_not_be_opened(tmp_path: Path) -> None:
    with pytest.raises(RunMissing, match="holds no run"):
        Run.open(tmp_path)


def test_a_run_that_another_process_works_on_is_running(world: World) -> None:
    run = new_run(world)
    run.folder.mkdir()
    held, seen = threading.Event(), threading.Event()

    def hold() -> None:
        with FileLock(run.folder / ".lock"):
            held.set()
            seen.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    phase = run.state().phase
    seen.set()
    thread.join()
    assert phase == "running"


def test_a_limit_of_cost_without_a_price_is_refused_before_anything_is_loaded(world: World) -> None:
    run = Run(RunConfig.of(str(world.images), llm="m", base_url="http://127.0.0.1:9/v1"), world.folder / "run")
    with pytest.raises(SettingsError, match="no price is known for m"):
        run.execute(Budget(max_cost=1.0))


def test_library_and_command_line_give_one_error_for_one_mistake(world: World) -> None:
    mistakes: list[dict[str, Any]] = [{"fitness": "top2"}, {"shots": 0}]
    for values in mistakes:
        with pytest.raises(SettingsError) as by_library:
            prompt_search.optimize(world.images, config=RunConfig.of(**values), out=world.folder / "run")
        with pytest.raises(SettingsError) as by_run:
            Run(RunConfig.of(str(world.images), **values), world.folder / "run").execute()
        assert str(by_library.value) == str(by_run.value)


def test_a_price_that_was_stated_holds_when_the_run_is_resumed(world: World) -> None:
    price = Price(1.0, 2.0)
    run = new_run(world, price=price)
    run.execute(Budget(max_calls=2))
    assert Run.open(run.folder).config.llm.price == price
    assert Run.open(run.folder).budget == Budget(max_calls=2)
