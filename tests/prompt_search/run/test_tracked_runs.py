"""A run that is sent to a tracker: its figures, and nothing else."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from optimizers import Sample
from prompt_search.errors import LanguageModelUnavailable, SettingsError
from prompt_search.tracking import tracker as trackers
from tests.prompt_search.conftest import World


class Recorded:
    """A tracker that keeps what it is told."""

    told: list[tuple[object, ...]]

    def start(self, run: str, settings: object) -> None:
        self.told.append(("start", run, settings))

    def log(self, step: int, figures: object) -> None:
        self.told.append(("log", step, figures))

    def keep(self, files: Sequence[Path]) -> None:
        self.told.append(("keep", [(file.name, file.read_bytes()[:1]) for file in files]))

    def finish(self, summary: object) -> None:
        self.told.append(("finish", summary))


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """In the place of mlflow."""
    home = ModuleType("recorded_tracker")
    told: list[tuple[object, ...]] = []
    home.Tracker = type("Tracker", (Recorded,), {"told": told})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "recorded_tracker", home)
    monkeypatch.setattr(trackers, "TRACKERS", {"json": ("recorded_tracker", "Tracker")})
    return told


def test_a_run_tells_its_figures_as_they_rise_and_its_result(world: World, recorded: list[tuple[object, ...]]) -> None:
    result = world.run(track=["json"])
    kinds = [event[0] for event in recorded]
    assert kinds[0] == "start"
    assert kinds[-1] == "finish"
    assert kinds.count("log") > 1
    assert recorded[-1][1]["test_top1"] == result.winner.test.top1  # type: ignore[index]


def test_prompts_and_report_are_sent_only_if_asked_for(world: World, recorded: list[tuple[object, ...]]) -> None:
    world.run(track=["json"])
    assert "keep" not in [event[0] for event in recorded]
    world.run("again", track=["json"], track_files=True)
    assert [event[0] for event in recorded][-2:] == ["keep", "finish"]
    assert recorded[-2][1] == [("prompts.json", b"{"), ("report.html", b"<")]


def test_files_for_no_tracker_are_refused(world: World) -> None:
    with pytest.raises(SettingsError, match="name one with track"):
        world.run(track_files=True)


def test_no_text_and_no_path_leaves(world: World, recorded: list[tuple[object, ...]]) -> None:
    world.run(track=["json"], description="Secret garden.")
    said = repr(recorded)
    for text in ("Secret", "blue", "photo of", str(world.folder)):
        assert text not in said


def test_an_ended_run_is_closed_however_it_ends(world: World, recorded: list[tuple[object, ...]]) -> None:
    def dead(_: Sample) -> str:
        raise LanguageModelUnavailable("gone")

    with pytest.raises(LanguageModelUnavailable):
        world.run(answer=dead, track=["json"])
    assert recorded[-1] == ("finish", {})


def test_an_unknown_tracker_is_refused_before_anything_happens(world: World) -> None:
    with pytest.raises(SettingsError, match="mlflow or wandb"):
        world.run(track=["tensorboard"])
    assert not (world.folder / "run").exists()
