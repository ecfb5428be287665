"""What a run and `score` make of a person's own prompt files is told, and descriptors are no straw man."""

import json
from pathlib import Path

import pytest

from evaluators import ClassLabel, OpenClipModel, PromptSet
from prompt_search import Resources
from prompt_search.errors import PromptError
from prompt_search.run.config import RunConfig
from prompt_search.run.plan.dry_run import dry_run
from prompt_search.score_file import score
from tests.prompt_search.conftest import World
from tests.prompt_search.exports.exported import prompts_file

DESCRIPTORS = {"red_ball": ["a warm tone", "round"], "green_leaf": ["a leafy tone"], "blue_sky": ["a cold tone"]}
UNCLEAR = {name: ["The tone is warm."] for name in DESCRIPTORS}


def written(world: World, content: object, name: str = "mine.json") -> Path:
    path = world.folder / name
    path.write_text(json.dumps(content))
    return path


def test_a_run_compares_with_joined_descriptors_and_says_so(world: World) -> None:
    path = written(world, DESCRIPTORS)
    result = world.run(baseline=[path], start=[path])
    told = [
        note for note in result.notes if note.startswith("mine.json is read as descriptors by class (DCLIP), joined")
    ]
    assert len(told) == 1
    assert "'blue sky, which has a cold tone.'" in told[0]
    assert str(world.folder) not in told[0]
    (own,) = [row for row in result.rows if row.name == "yours: mine.json"]
    assert own.candidate.compiled().texts[2] == ("red ball, which has a warm tone.", "red ball, which is round.")


def test_a_run_says_that_a_baseline_was_found_for_another_model(world: World, tmp_path: Path) -> None:
    own = prompts_file(
        tmp_path / "own",
        PromptSet.of([ClassLabel(i, i.replace("_", " ")) for i in DESCRIPTORS], ["a {}."]),
        OpenClipModel(world.model.name),
    )
    foreign = tmp_path / "foreign.json"
    foreign.write_text(own.read_text().replace(world.model.fingerprint, "0" * 64))
    notes = world.run(baseline=[str(own), str(foreign)]).notes
    assert [note.partition(":")[0] for note in notes if "WRONG MODEL" in note] == ["foreign.json"]


def test_a_run_takes_the_format_that_is_stated(world: World) -> None:
    result = world.run(baseline=[written(world, DESCRIPTORS)], prompt_format="cupl")
    (own,) = [row for row in result.rows if row.name == "yours: mine.json"]
    assert own.candidate.compiled().texts[2] == ("a warm tone", "round")


def test_score_tells_its_reading_and_chooses_a_data_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prompt_search.prompt_data.load_model", lambda *_, **__: world.model)
    by_dataset = written(world, {"pets": ["a {c}, a pet."], "toys": ["a toy {c}.", "a {c}."]})
    scored = score(f"{by_dataset}#toys", str(world.images), resources=Resources(cache_dir=world.folder / "cache"))
    assert scored.to_json()["reading"] == [
        "mine.json#toys is read as 2 templates, JSON, the entry 'toys' (of 2: 'pets', 'toys'): 'a toy {}.', 'a {}.'"
    ]
    joined = score(
        written(world, DESCRIPTORS), str(world.images), resources=Resources(cache_dir=world.folder / "cache")
    )
    bare = score(
        world.folder / "mine.json",
        str(world.images),
        resources=Resources(cache_dir=world.folder / "cache"),
        prompt_format="cupl",
    )
    assert joined.splits["test"].cross_entropy != bare.splits["test"].cross_entropy


def test_a_file_that_must_be_asked_about_stops_the_plan_too(world: World) -> None:
    config = RunConfig.of(str(world.images), baseline=(str(written(world, UNCLEAR)),))
    with pytest.raises(PromptError, match="format is dclip"):
        dry_run(config, [], world.model, None, world.folder / "cache")
