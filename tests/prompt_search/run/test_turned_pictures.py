"""Pictures turned by their EXIF orientation are part of what a run is."""

import json
from pathlib import Path

import pytest
from PIL import Image

from prompt_search import Resources
from prompt_search.errors import RunMismatch
from prompt_search.run.progress import Silent
from prompt_search.score_file import score
from tests.prompt_search.conftest import World


class Heard(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def warn(self, message: str) -> None:
        self.told.append(message)


def lay_on_side(images: Path) -> None:
    """Make the pictures of one class JPEG files that are to be turned."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for path in sorted((images / "red_ball").glob("*.png")):
        with Image.open(path) as picture:
            picture.convert("RGB").resize((24, 12)).save(path.with_suffix(".jpg"), exif=exif)
        path.unlink()


def test_a_run_that_turns_pictures_says_so_and_is_another_run(world: World) -> None:
    lay_on_side(world.images)
    heard = Heard()
    result = world.run(turn_by_exif=True, observer=heard)
    assert any("9 of 27 pictures are turned by their EXIF orientation" in line for line in heard.told)
    assert json.loads((result.folder / "prompts.json").read_text())["run"]["turn_by_exif"] is True
    with pytest.raises(RunMismatch, match="turn_by_exif: 'True' recorded, 'False' now"):
        world.run()


def test_a_prompt_file_is_scored_on_pictures_turned_as_in_its_run(world: World) -> None:
    lay_on_side(world.images)
    result = world.run(turn_by_exif=True)
    heard = Heard()
    scored = score(
        result.folder / "prompts.json",
        str(world.images),
        resources=Resources(cache_dir=world.folder / "cache-run", observer=heard),
    )
    assert scored.same_data is True
    assert any("turned by their EXIF orientation" in line for line in heard.told)
    assert scored.splits["test"].top1 == result.rows[0].test.top1


def test_what_was_recognised_is_told_before_any_call(world: World) -> None:
    (world.images.parent / "set").mkdir()
    world.images.rename(world.images.parent / "set" / "CamelCase")
    world.images = world.images.parent / "set"
    heard: list[str] = []
    observer = Heard()

    def answer(sample: object) -> str:
        heard.append("\n".join(observer.told))
        return "a photo of a {}."

    world.run(answer=answer, observer=observer)
    assert "the folder 'CamelCase' inside is read" in heard[0]
