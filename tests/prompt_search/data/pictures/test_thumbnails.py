"""Small copies of images for a language model, or the name of the image that can't be shown."""

import io
from pathlib import Path

import pytest
from PIL import Image

from evaluators.errors import DataError
from prompt_search.data import read_images
from prompt_search.data.pictures.thumbnails import LONGEST_SIDE, thumbnails
from tests.prompt_search.data.pictures_on_disk import write, write_classes


def picture(width: int, height: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(content, "PNG")
    return content.getvalue()


def size(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        return image.size


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = write_classes(tmp_path / "data", {"cat": 2, "dog": 2})
    write(folder / "cat/wide.png", picture(1500, 300))
    return folder


def test_images_come_in_the_order_asked_for_and_none_is_larger_than_allowed(data: Path) -> None:
    wide, small = thumbnails(read_images(data), ["cat/wide.png", "dog/000.png"])
    assert size(wide.data) == (LONGEST_SIDE, round(LONGEST_SIDE / 5))
    assert size(small.data) == size((data / "dog/000.png").read_bytes())
    assert wide.media_type == "image/png"


def test_an_image_that_is_gone_is_named(data: Path) -> None:
    (data / "dog/000.png").unlink()
    with pytest.raises(DataError, match=r"'dog/000\.png'.* is not there any more; put it back"):
        thumbnails(read_images(data), ["cat/wide.png", "dog/000.png"])


def test_an_image_that_was_damaged_meanwhile_is_named(data: Path) -> None:
    write(data / "dog/000.png", b"no picture")
    with pytest.raises(DataError, match=r"'dog/000\.png'.* can't be read any more: .*; put it back"):
        thumbnails(read_images(data), ["dog/000.png"])


def test_images_are_turned_if_asked_for(data: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(data / "cat/side.jpg", exif=exif)
    assert [size(shown.data) for shown in thumbnails(read_images(data), ["cat/side.jpg"])] == [(40, 20)]
    assert [size(shown.data) for shown in thumbnails(read_images(data), ["cat/side.jpg"], turned=True)] == [(20, 40)]
