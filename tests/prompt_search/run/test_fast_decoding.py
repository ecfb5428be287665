"""How JPEG files are decoded is part of what a run is, and of what its prompts are used with."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import prompt_search
from prompt_search import Resources
from prompt_search.data import Reading
from prompt_search.errors import PromptError, RunMismatch, SettingsError
from prompt_search.score_file import score
from tests.prompt_search.conftest import World


@pytest.fixture
def photos(world: World) -> World:
    """The world with large JPEG files of one class."""
    for path in sorted((world.images / "red_ball").glob("*.png")):
        with Image.open(path) as picture:
            picture.convert("RGB").resize((480, 480)).save(path.with_suffix(".jpg"))
        path.unlink()
    return world


def test_a_run_that_decodes_fast_says_so_and_is_another_run(photos: World) -> None:
    result = photos.run(decode="fast")
    assert json.loads((result.folder / "prompts.json").read_text())["run"]["decode"] == "fast"
    with pytest.raises(RunMismatch, match="decode: 'fast' recorded, 'exact' now"):
        photos.run()


def test_prompts_are_scored_on_pictures_decoded_as_in_their_run_unless_told_otherwise(photos: World) -> None:
    file = photos.run(decode="fast").folder / "prompts.json"
    cache = photos.folder / "cache-run"
    stores = {path.name for path in (cache / "embeddings").glob("images-*")}

    def score_file(reading: Reading | None = None) -> bool | None:
        return score(file, str(photos.images), reading=reading, resources=Resources(cache_dir=cache)).same_data

    assert score_file() is True
    assert {path.name for path in (cache / "embeddings").glob("images-*")} == stores
    assert score_file(Reading(decode="exact")) is True
    assert len(set((cache / "embeddings").glob("images-*"))) == len(stores) + 1
    with pytest.raises(SettingsError, match="decode must be one of exact, fast, got 'quick'"):
        score_file(Reading(decode="quick"))  # type: ignore[arg-type]


def test_a_classifier_decodes_as_the_run_of_its_prompts_unless_told_otherwise(photos: World) -> None:
    file = photos.run(decode="fast").folder / "prompts.json"
    pictures: list[Path] = sorted(photos.images.glob("*/*.jpg"))
    own, fast, exact = (prompt_search.load(file, model=photos.model, decode=how) for how in (None, "fast", "exact"))
    assert np.array_equal(own.decision_function(pictures), fast.decision_function(pictures))
    assert not np.array_equal(own.decision_function(pictures), exact.decision_function(pictures))
    assert np.abs(own.decision_function(pictures) - exact.decision_function(pictures)).max() < 0.05
    with pytest.raises(SettingsError, match="decode must be one of exact, fast, got 'quick'"):
        prompt_search.load(file, model=photos.model, decode="quick")  # type: ignore[arg-type]


def test_a_prompt_file_with_another_way_of_decoding_is_refused(photos: World) -> None:
    file = photos.run().folder / "prompts.json"
    content = json.loads(file.read_text())
    content["run"]["decode"] = ["fast"]
    file.write_text(json.dumps(content))
    with pytest.raises(PromptError, match="does not say which model and images"):
        prompt_search.load(file, model=photos.model)
