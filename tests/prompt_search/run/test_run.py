"""A run from the outside: new, going on, finished, and what can be done with it then."""

import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from optimizers import Cupl, HillClimbing, Optimizer
from prompt_search import Budget, Resources, Run, RunConfig
from prompt_search.cli.main import app
from prompt_search.errors import RunMissing, SettingsError
from prompt_search.llm.prices import Price
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import World, plausible


def new_run(world: World, **values: Any) -> Run:
    strategies: list[str | Optimizer] = [Cupl(samples=2), HillClimbing(iterations=3, pool=6)]
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


def test_its_prompts_are_scored_and_exported_with_its_own_model(world: World) -> None:
    run = new_run(world)
    result = run.execute()
    assert run.score().splits["test"].top1 == result.winner.test.top1
    texts, weights = run.export(["cupl", "safetensors"], world.folder / "exported")
    assert texts.parent == weights.parent == world.folder / "exported"
    assert weights.read_bytes() == result.classifier_file.read_bytes()


def test_objects_are_named_in_the_configuration_and_must_be_given_again(world: World) -> None:
    run = new_run(world)
    result = run.execute(Budget(max_calls=2))
    assert [choice.name for choice in run.config.search.strategies] == ["cupl", "hill-climb"]
    assert run.config.llm.name.startswith("own:")
    assert run.resume().cost.llm_calls == 2
    again = Run.open(run.folder, resources=run.resources, model=world.model)
    assert again.result().to_json() == result.to_json()
    with pytest.raises(SettingsError, match="a language model of your own"):
        again.execute(Budget(max_calls=9))
    more = Run.open(run.folder, resources=run.resources, model=world.model, llm=ScriptedModel(plausible))
    assert more.execute(Budget(max_calls=9)).cost.llm_calls > 2


def test_a_model_given_as_an_object_has_no_known_price(world: World) -> None:
    with pytest.raises(SettingsError, match="no price is known for own:"):
        new_run(world).execute(Budget(max_cost=1.0))


def test_what_is_no_part_of_a_run_is_refused_before_anything_is_opened(world: World) -> None:
    mistakes: list[tuple[dict[str, Any], str]] = [
        ({"strategies": [3]}, "a strategy is a name, or an object"),
        ({"strategies": [Cupl]}, "a strategy is a name, or an object"),
        ({"strategies": []}, "at least one strategy"),
        ({"model": 3}, "an image-text model is a name, or an object"),
        ({"llm": 3}, "a language model is"),
    ]
    for values, complaint in mistakes:
        with pytest.raises(SettingsError, match=complaint):
            Run(RunConfig.of(str(world.images)), world.folder / "run", **values)
    run = new_run(world)
    with pytest.raises(SettingsError, match="a budget is a Budget"):
        run.execute(3)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="a run needs images"):
        Run(RunConfig.of(), world.folder / "run").plan()
    assert not run.folder.exists()


@pytest.mark.parametrize("limits", [{"max_calls": 3.0}, {"max_calls": "3"}, {"max_cost": "1"}, {"max_time": True}])
def test_a_limit_that_is_no_number_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"must be a (whole )?number, got"):
        Budget(**limits)


@pytest.mark.parametrize("values", [{"concurrency": 0}, {"concurrency": "4"}, {"track": "mlflow"}, {"device": 3}])
def test_resources_that_can_not_be_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=f"{next(iter(values))} must be"):
        Resources(**values)


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
    for option, values in (("--fitness", {"fitness": "top2"}), ("--strategy", {"strategies": ["cupll"]})):
        mistake = str(*next(iter(values.values()))) if option == "--strategy" else values["fitness"]
        with pytest.raises(SettingsError) as by_run:
            Run(RunConfig.of(str(world.images), **values), world.folder / "run").execute()
        done = CliRunner().invoke(app, ["run", str(world.images), option, str(mistake)])
        assert str(done.exception) == str(by_run.value)


def test_a_price_that_was_stated_holds_when_the_run_is_resumed(world: World) -> None:
    price = Price(1.0, 2.0)
    run = new_run(world, price=price)
    run.execute(Budget(max_calls=2))
    assert Run.open(run.folder).config.llm.price == price
    assert Run.open(run.folder).budget == Budget(max_calls=2)
