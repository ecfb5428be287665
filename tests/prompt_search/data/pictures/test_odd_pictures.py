"""What is said of pictures whose pixels need a decision, or show nothing."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from prompt_search.data.encoding.encode import image_store
from prompt_search.data.load import DataSplits, load_splits
from prompt_search.data.pictures.decoding import Decoding
from tests.fakes.pixel_model import PixelModel
from tests.prompt_search.data.pictures_on_disk import deep_png, load, tiff, write, write_classes


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def noise(number: int, low: int, high: int, dtype: Any = np.uint8, channels: int = 0) -> Image.Image:
    shape = (8, 6, channels) if channels else (8, 6)
    return Image.fromarray(np.random.default_rng(number).integers(low, high, shape).astype(dtype))


def oriented(number: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(noise(number, 0, 256, channels=3), "JPEG", exif=exif)


def with_class(root: Path, name: str, make: Callable[[int], bytes], kind: str = "png") -> Path:
    """Two plain classes and one of pictures that are made."""
    write_classes(root, {"cat": 6, "dog": 6})
    for i in range(6):
        write(root / name / f"{i}.{kind}", make(i))
    return root


def twice(data: Path, cache: Path) -> DataSplits:
    """The second start, which decodes nothing and says the same."""
    first = load(data, cache)
    model = PixelModel()
    second = load(data, cache, model)
    assert model.pictures == []
    assert second.report == first.report
    return second


def test_pictures_of_one_colour_are_counted_and_named_and_their_class_told(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", lambda i: encoded(Image.new("RGB", (9, 9), (i, 9, 9))))
    assert twice(data, tmp_path / "cache").report.warnings == (
        "6 of 18 pictures are of one colour all over: 'owl/0.png', 'owl/1.png', 'owl/2.png', 'owl/3.png', "
        "'owl/4.png', 'owl/5.png'",
        "class 'owl': all of its 6 pictures are of one colour all over",
    )


def test_one_white_picture_in_a_class_is_told_and_the_class_is_not(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "data", {"cat": 6, "dog": 5})
    write(data / "dog" / "white.jpg", encoded(Image.new("RGB", (9, 9), "white"), "JPEG"))
    assert load(data, tmp_path / "cache").report.warnings == (
        "1 of 12 pictures is of one colour all over: 'dog/white.jpg'",
    )


def test_a_class_of_the_same_picture_in_other_files_is_told(tmp_path: Path) -> None:
    picture = noise(1, 0, 256, channels=3)
    data = with_class(tmp_path / "data", "owl", lambda i: encoded(picture, compress_level=0) + bytes(i))
    assert twice(data, tmp_path / "cache").report.warnings == ("class 'owl': its 6 pictures all look the same",)


def test_transparent_drawings_are_laid_on_white_and_that_is_told(tmp_path: Path) -> None:
    def drawing(number: int) -> bytes:
        picture = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
        picture.putpixel((number, 3), (0, 0, 0, 255))
        return encoded(picture)

    report = twice(with_class(tmp_path / "data", "owl", drawing), tmp_path / "cache").report
    assert report.notes == (
        "6 of 18 pictures are transparent and laid on white: 'owl/0.png', 'owl/1.png', 'owl/2.png' and 3 more",
    )
    assert report.warnings == ()


def test_white_on_transparent_is_told_to_be_one_colour(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", lambda i: encoded(Image.new("RGBA", (8, 8), (255, 255, 255, 40 * i))))
    assert "class 'owl': its 6 pictures all look the same" in load(data, tmp_path / "cache").report.warnings


def test_opaque_pictures_with_an_alpha_channel_are_not_worth_a_word(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", lambda i: encoded(noise(i, 0, 256, channels=3).convert("RGBA")))
    assert load(data, tmp_path / "cache").report.notes == ()


def test_sixteen_bit_greys_are_scaled_alike_and_that_is_told(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", lambda i: encoded(noise(i, 0, 1 << 16, np.uint16)))
    report = twice(data, tmp_path / "cache").report
    assert "6 of 18 pictures are of more than eight bits a channel" in report.notes[0]
    assert report.warnings == ()


def test_twelve_bits_in_sixteen_are_nearly_black_and_that_is_told_with_the_way_out(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", lambda i: encoded(noise(i, 0, 4096, np.uint16)))
    (warning,) = twice(data, tmp_path / "cache").report.warnings
    assert "none of the 6 pictures of 16 bits a channel has a value above 40" in warning
    assert "if they are 12-bit data, multiply all of them by 16" in warning


def test_dark_pictures_beside_bright_ones_stay_dark_and_need_no_warning(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", lambda i: encoded(noise(i, 2000, 4000, np.uint16)))
    write(data / "owl" / "bright.png", encoded(noise(9, 40000, 44000, np.uint16)))
    model = PixelModel()
    assert load(data, tmp_path / "cache", model).report.warnings == ()
    means = sorted(float(np.asarray(picture).mean()) for picture in model.pictures)
    assert 8 < means[0] < 15


def test_oriented_pictures_are_told_with_the_option_that_turns_them(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", oriented, "jpg")
    (note,) = twice(data, tmp_path / "cache").report.notes
    assert note.startswith("6 of 18 pictures are stored on their side or head")
    assert note.endswith("the option turn_by_exif turns them")


def test_turned_pictures_are_other_features_that_are_kept_apart(tmp_path: Path) -> None:
    data, cache = with_class(tmp_path / "data", "owl", oriented, "jpg"), tmp_path / "cache"
    load(data, cache)
    model = PixelModel()
    turned = load_splits(data, model, cache_dir=cache, turned=True)
    assert sorted({picture.size for picture in model.pictures}) == [(4, 4), (8, 6)]
    assert "turned by their EXIF orientation" in turned.report.notes[0]
    plain = PixelModel()
    load(data, cache, plain)
    assert plain.pictures == []


def test_features_of_pictures_decoded_in_another_way_are_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = PixelModel()
    before = image_store(model, tmp_path)
    before.put([b"x"], np.ones((1, model.width), dtype=np.float32))
    assert image_store(model, tmp_path).missing([b"x"]) == []
    assert image_store(model, tmp_path, how=Decoding(turned=True)).missing([b"x"]) == [b"x"]
    monkeypatch.setattr(Decoding, "words", "as before")
    assert image_store(model, tmp_path).missing([b"x"]) == [b"x"]


def test_without_the_index_what_pictures_are_like_is_found_again(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", lambda i: encoded(Image.new("RGB", (9, 9), (i, 9, 9))))
    first = load(data, tmp_path / "cache")
    (tmp_path / "cache" / "images.sqlite").unlink()
    assert load(data, tmp_path / "cache").report == first.report


def deep(number: int, high: int, channels: int) -> Any:
    return np.random.default_rng(number).integers(0, high, (8, 6, channels)).astype(np.uint16)


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_colours_of_twelve_bits_in_sixteen_are_nearly_black_and_that_is_told(
    tmp_path: Path, channels: int, kind: str
) -> None:
    make = deep_png if kind == "png" else tiff
    data = with_class(tmp_path / "data", "owl", lambda i: make(deep(i, 4096, channels)), kind)
    report = twice(data, tmp_path / "cache").report
    assert "6 of 18 pictures are of more than eight bits a channel" in " ".join(report.notes)
    assert "none of the 6 pictures of 16 bits a channel has a value above 4095" in report.warnings[0]
    assert "if they are 12-bit data, multiply all of them by 16" in report.warnings[0]


def test_colours_of_sixteen_bits_need_no_warning(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", lambda i: deep_png(deep(i, 1 << 16, 3)))
    assert twice(data, tmp_path / "cache").report.warnings == ()


def test_greys_of_twelve_bits_with_transparency_are_told_too(tmp_path: Path) -> None:
    def grey(number: int) -> bytes:
        pixels = deep(number, 4096, 2)
        pixels[..., 1] = 65535
        return deep_png(pixels)

    report = load(with_class(tmp_path / "data", "owl", grey), tmp_path / "cache").report
    assert "nearly black; if they are 12-bit data" in report.warnings[0]


def test_channels_behind_the_third_are_left_out_and_that_is_told(tmp_path: Path) -> None:
    data = with_class(tmp_path / "data", "owl", lambda i: tiff(deep(i, 256, 5).astype(np.uint8)), "tif")
    assert (
        "6 of 18 pictures are of more than three channels, of which the first three"
        in (twice(data, tmp_path / "cache").report.notes[0])
    )
