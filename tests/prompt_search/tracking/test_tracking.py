"""Trackers get numbers and nothing else, and never end a run. Fake packages record what is sent."""

import importlib.machinery
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from prompt_search.errors import SettingsError
from prompt_search.run.progress import Silent, Status
from prompt_search.tracking.observer import TrackingObserver
from prompt_search.tracking.tracker import TRACKERS, tracker
from tests.prompt_search.conftest import World

SECRETS = ("red ball", "red_ball", "a close view of")


class Recorder:
    """Notes every call made to a package, whatever its name."""

    def __init__(self, calls: list[tuple[str, Any, Any]], name: str) -> None:
        self._calls, self._name = calls, name

    def __getattr__(self, name: str) -> "Recorder":
        return Recorder(self._calls, f"{self._name}.{name}")

    def __call__(self, *arguments: Any, **named: Any) -> "Recorder":
        self._calls.append((self._name, arguments, named))
        return Recorder(self._calls, self._name)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, Any]]:
    """What both packages are told, in order."""
    made: list[tuple[str, Any, Any]] = []
    for package, names in (("mlflow", ["MlflowClient"]), ("wandb", ["Settings", "init", "Artifact"])):
        module = ModuleType(package)
        module.__spec__ = importlib.machinery.ModuleSpec(package, None)
        for name in names:
            setattr(module, name, Recorder(made, name))
        monkeypatch.setitem(sys.modules, package, module)
    monkeypatch.setattr("os.environ", {"PATH": "/bin"})
    return made


def told(calls: list[tuple[str, Any, Any]], name: str) -> list[tuple[Any, Any]]:
    return [(arguments, named) for called, arguments, named in calls if called.endswith(name)]


def observed(name: str) -> TrackingObserver:
    return TrackingObserver(Silent(), {name: tracker(name)})


def test_mlflow_is_given_parameters_metrics_by_step_and_an_end(calls: list[tuple[str, Any, Any]]) -> None:
    observer = observed("mlflow")
    observer.begin("3f2a", {"seed": 7, "shots": None})
    observer.update(Status(candidates=3, best_top1=0.5))
    observer.end({"test_top1": 0.4})
    assert told(calls, "create_run")[0][1] == {"run_name": "3f2a"}
    assert [arguments[1:] for arguments, _ in told(calls, "log_param")] == [("seed", 7)]
    metrics = [(arguments[1:], named) for arguments, named in told(calls, "log_metric")]
    assert (("best_top1", 0.5), {"step": 3}) in metrics
    assert metrics[-1] == (("test_top1", 0.4), {})
    assert len(told(calls, "set_terminated")) == 1


def test_wandb_is_given_numbers_and_told_to_collect_nothing_itself(calls: list[tuple[str, Any, Any]]) -> None:
    observer = observed("wandb")
    observer.begin("3f2a", {"seed": 7})
    observer.update(Status(candidates=3, best_top1=0.5))
    observer.end({"test_top1": 0.4})
    collected = told(calls, "Settings")[0][1]
    assert collected["console"] == "off"
    assert collected["x_disable_machine_info"] is True
    begun = told(calls, "init")[0][1]
    assert (begun["project"], begun["name"], begun["config"]) == ("prompt-search", "3f2a", {"seed": 7})
    ((figures,), step) = told(calls, "log")[0]
    assert (figures["best_top1"], step) == (0.5, {"step": 3})
    assert told(calls, "summary.update")[0][0] == ({"test_top1": 0.4},)
    assert len(told(calls, "init.finish")) == 1


def test_a_whole_run_sends_numbers_and_its_short_name_only(calls: list[tuple[str, Any, Any]], world: World) -> None:
    observer = TrackingObserver(Silent(), {name: tracker(name) for name in TRACKERS})
    observer.begin("3f2a", {"seed": 0})
    result = world.run(observer=observer)
    observer.end({"test_top1": result.winner.test.top1 if result.winner.test else None})
    steps = [named["step"] for _, named in told(calls, "init.log")]
    assert steps == sorted(set(steps)) != []
    sent = json.dumps(calls, default=lambda value: "")
    assert all(secret not in sent for secret in (*SECRETS, str(world.folder)))
    assert all(type(value) in (int, float) for arguments, _ in told(calls, "log_metric") for value in arguments[2:])


def test_the_same_step_is_told_once(calls: list[tuple[str, Any, Any]]) -> None:
    observer = observed("wandb")
    observer.begin("3f2a", {})
    for candidates in (0, 2, 2, 5):
        observer.update(Status(candidates=candidates))
    assert [named["step"] for _, named in told(calls, "init.log")] == [2, 5]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), True, "a red ball"])
def test_what_is_no_finite_number_is_left_out(calls: list[tuple[str, Any, Any]], value: Any) -> None:
    observer = observed("wandb")
    observer.begin("3f2a", {"seed": 0, "other": value})
    assert told(calls, "init")[0][1]["config"] == {"seed": 0}


class Failing:
    """Fails at the call of that name, and counts what it is told."""

    def __init__(self, at: str) -> None:
        self.at, self.told = at, 0

    def start(self, run: str, settings: object) -> None:
        self._call("start")

    def log(self, step: int, figures: object) -> None:
        self._call("log")

    def keep(self, files: object) -> None:
        self._call("keep")

    def finish(self, summary: object) -> None:
        self._call("finish")

    def _call(self, name: str) -> None:
        self.told += 1
        if name == self.at:
            raise ConnectionError("no route to host")


@pytest.mark.parametrize("at", ["log", "finish"])
def test_a_tracker_that_fails_is_told_no_more_with_one_warning_and_the_others_go_on(at: str) -> None:
    shown, failing, sound = Silent(), Failing(at), Failing("never")
    observer = TrackingObserver(shown, {"failing": failing, "sound": sound})
    observer.begin("3f2a", {})
    for candidates in (1, 2, 3):
        observer.update(Status(candidates=candidates))
    observer.end({})
    assert sound.told == 5
    assert failing.told == (2 if at == "log" else 5)
    (warning,) = shown.warnings
    assert "failing failed" in warning
    assert "no route to host" in warning


def test_a_tracker_that_fails_at_a_file_does_not_end_the_run() -> None:
    shown = Silent()
    observer = TrackingObserver(shown, {"failing": Failing("keep")})
    observer.begin("3f2a", {})
    observer.keep([Path("prompts.json")])
    assert "failing failed" in shown.warnings[0]


def test_both_packages_are_given_files_under_their_names(calls: list[tuple[str, Any, Any]], tmp_path: Path) -> None:
    for name in TRACKERS:
        observer = observed(name)
        observer.begin("3f2a", {})
        observer.keep([tmp_path / "prompts.json"])
    assert told(calls, "log_artifact")[0][0][1] == str(tmp_path / "prompts.json")
    assert told(calls, "Artifact")[0] == (("run-3f2a",), {"type": "prompts"})
    assert told(calls, "add_file")[0] == ((str(tmp_path / "prompts.json"),), {"name": "prompts.json"})


def test_a_tracker_that_can_not_start_is_told_before_the_run() -> None:
    with pytest.raises(
        SettingsError, match=r"the tracker failing can't start: ConnectionError.*leave this tracker out"
    ):
        TrackingObserver(Silent(), {"failing": Failing("start")}).begin("3f2a", {})


def test_warnings_reach_the_person_and_no_tracker() -> None:
    shown, sound = Silent(), Failing("never")
    TrackingObserver(shown, {"sound": sound}).warn("a red ball")
    assert (shown.warnings, sound.told) == (["a red ball"], 0)


@pytest.mark.parametrize("name", list(TRACKERS))
def test_a_missing_package_is_named_with_the_fix(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    monkeypatch.setattr(sys, "meta_path", [importlib.machinery.PathFinder])
    with pytest.raises(SettingsError, match=rf"pip install '\.\[{name}\]'"):
        tracker(name)


def test_an_unknown_tracker_is_refused() -> None:
    with pytest.raises(SettingsError, match="a tracker must be mlflow or wandb, got 'tensorboard'"):
        tracker("tensorboard")
