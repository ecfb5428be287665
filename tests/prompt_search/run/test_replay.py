"""A finished run gone through again, offline."""

import json
import shutil
from pathlib import Path

import pytest

from evaluators import ImageTextModel
from prompt_search.errors import RunError, RunMismatch, RunMissing
from prompt_search.report.result import Result
from prompt_search.run.journal.differences import compare_runs
from prompt_search.run.journal.journal import JOURNAL
from prompt_search.run.money.budget import Budget
from prompt_search.run.resources import Resources
from prompt_search.run.run import Run
from tests.prompt_search.conftest import World


def replay(result: Result, world: World, tiny_clip: str, out: str = "again") -> Result:
    """Replay by the model's name, as the command line does, without images and with an empty cache."""
    config = result.folder / "run.json"
    content = json.loads(config.read_text())
    content["arguments"]["model"] = tiny_clip
    config.write_text(json.dumps(content))
    return Run.open(result.folder, resources=Resources(cache_dir=world.folder / "empty-cache")).replay(
        world.folder / out
    )


def test_a_replay_reproduces_every_byte_without_images_and_cache(world: World, tiny_clip: str) -> None:
    first = world.run()
    shutil.rmtree(world.images)
    again = replay(first, world, tiny_clip)
    assert compare_runs(first.folder, again.folder) == []
    assert again.to_json() == first.to_json()


def test_a_replay_asks_no_image_and_no_text_to_be_encoded_for_a_score(
    world: World, tiny_clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evaluators import Evaluator

    first = world.run()
    monkeypatch.setattr(Evaluator, "score", lambda *_: pytest.fail("scored"))
    assert replay(first, world, tiny_clip).prompts == first.prompts


def test_a_run_ended_by_its_budget_is_replayed_too(world: World, tiny_clip: str) -> None:
    first = world.run(budget=Budget(max_calls=19))
    again = replay(first, world, tiny_clip)
    assert again.stopped_by == first.stopped_by
    assert compare_runs(first.folder, again.folder) == []


def test_a_reopened_run_is_replayed_with_its_count_of_test_reads(world: World, tiny_clip: str) -> None:
    world.run(budget=Budget(max_calls=5))
    reopened = world.run()
    again = replay(reopened, world, tiny_clip)
    assert again.test_reads == 2
    assert compare_runs(reopened.folder, again.folder) == []


def test_an_unfinished_run_is_refused_with_the_way_to_finish_it(world: World, tiny_clip: str) -> None:
    first = world.run()
    path = first.folder / JOURNAL
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    with pytest.raises(RunMissing, match="no finished run; resume it first"):
        replay(first, world, tiny_clip)


def test_a_replay_into_a_folder_with_a_run_is_refused(world: World, tiny_clip: str) -> None:
    first = world.run()
    replay(first, world, tiny_clip)
    with pytest.raises(RunError, match="empty folder"):
        replay(first, world, tiny_clip)


def test_a_replay_with_other_weights_is_refused(world: World, tmp_path: Path) -> None:
    from tests.fakes.tiny_clip import save_tiny_clip

    first = world.run()
    with pytest.raises(RunMismatch, match="weights differ"):
        replay(first, world, save_tiny_clip(tmp_path / "other", seed=1))


def test_a_tampered_score_is_noticed(world: World, tiny_clip: str) -> None:
    first = world.run()
    again = replay(first, world, tiny_clip)
    lines = (again.folder / JOURNAL).read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if json.loads(line)["event"] == "select")
    event = json.loads(lines[place])
    event["scores"][0]["top1"] = 0.123
    lines[place] = json.dumps(event)
    (again.folder / JOURNAL).write_text("\n".join(lines) + "\n")
    assert compare_runs(first.folder, again.folder) == [f"{JOURNAL} has other events from number {place + 1} on"]


def test_a_run_without_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunMissing, match="holds no run"):
        Run.open(tmp_path / "nowhere")


def test_events_carry_requests_replies_and_scores(world: World, tiny_model: ImageTextModel) -> None:
    result = world.run()
    lines = (result.folder / JOURNAL).read_text().splitlines()  # what others read, beside this program
    recorded = {event["event"]: event for event in map(json.loads, lines)}
    assert recorded["ask"]["requests"][0]["messages"][0]["content"]
    assert recorded["ask"]["replies"][0]["text"]
    assert 0 <= recorded["score"]["scores"][0]["top1"] <= 1
    assert recorded["run"]["identity"]["model"][-1] == tiny_model.fingerprint
