"""Decoding: what becomes RGB, and what is corrupt."""

import io
import struct
import warnings
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from prompt_search.data.pictures.open_picture import CorruptPictureError, decode, quiet_pillow
from prompt_search.data.pictures.picture_formats import EXTENSIONS, readable_formats
from tests.prompt_search.data.pictures_on_disk import png


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    picture = decode(encoded(Image.new(mode, (3, 2))))
    assert (picture.mode, picture.size) == ("RGB", (3, 2))


@pytest.mark.parametrize("kind", ["BMP", "GIF", "JPEG", "JPEG2000", "PPM", "QOI", "TGA", "TIFF", "WEBP", "MPO"])
def test_common_formats_are_read(kind: str) -> None:
    assert decode(encoded(Image.new("RGB", (16, 16)), kind)).size == (16, 16)


def test_a_palette_with_transparency_does_not_warn() -> None:
    with quiet_pillow():
        assert decode(encoded(Image.new("P", (2, 2)), transparency=b"\x00\x80")).mode == "RGB"


def pixel(data: bytes) -> object:
    return decode(data).getpixel((0, 0))


def transparent(mode: str, colour: object) -> bytes:
    return encoded(Image.new(mode, (2, 2), colour))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (transparent("RGBA", (0, 0, 0, 0)), (255, 255, 255)),
        (transparent("RGBA", (200, 0, 0, 255)), (200, 0, 0)),
        (transparent("RGBA", (0, 0, 0, 128)), (127, 127, 127)),
        (transparent("LA", (0, 0)), (255, 255, 255)),
        (transparent("LA", (90, 255)), (90, 90, 90)),
        (encoded(Image.new("P", (2, 2), 0), transparency=0), (255, 255, 255)),
        (encoded(Image.new("L", (2, 2), 7), transparency=7), (255, 255, 255)),
        (encoded(Image.new("L", (2, 2), 7), transparency=8), (7, 7, 7)),
        (encoded(Image.new("RGB", (2, 2), (1, 2, 3)), transparency=(1, 2, 3)), (255, 255, 255)),
        (encoded(Image.new("P", (2, 2), 0), "GIF", transparency=0), (255, 255, 255)),
        (encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 0)), "WEBP", lossless=True, exact=True), (255, 255, 255)),
    ],
)
def test_transparent_pictures_are_laid_on_white(data: bytes, expected: tuple[int, int, int]) -> None:
    assert pixel(data) == expected


def test_opaque_pictures_with_an_alpha_channel_keep_every_pixel() -> None:
    picture = Image.effect_noise((16, 16), 90).convert("RGB")
    picture.putpixel((3, 4), (1, 2, 3))
    assert decode(encoded(picture.convert("RGBA"))).tobytes() == picture.tobytes()


def grey(values: list[float], dtype: str, kind: str = "PNG") -> bytes:
    return encoded(Image.fromarray(np.array([values], dtype=dtype)), kind)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (grey([0, 257, 32896, 65535], "u2"), [0, 1, 128, 255]),
        (grey([2000, 4000], "u2"), [8, 16]),
        (grey([0, 32896, 65535], "u2", "TIFF"), [0, 128, 255]),
        (grey([0, 32896, 65535], ">u2", "TIFF"), [0, 128, 255]),
        (grey([0, 32896, 65535], "i4", "TIFF"), [0, 128, 255]),
        (grey([0, 0.5, 1], "f4", "TIFF"), [0, 128, 255]),
        (b"P5 2 1 4095\n" + bytes([0, 0, 0x0F, 0xFF]), [0, 255]),
    ],
)
def test_deep_greys_are_scaled_by_the_range_of_their_type(data: bytes, expected: list[int]) -> None:
    picture = decode(data)
    assert picture.mode == "RGB"
    assert np.asarray(picture)[0].tolist() == [[value] * 3 for value in expected]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (grey([0, 200], "f4", "TIFF"), "from 0 to 200, so black and white are not known; only floating-point greys"),
        (grey([0, float("nan")], "f4", "TIFF"), "not numbers"),
        (grey([-1000, 3000], "i4", "TIFF"), "from -1000 to 3000.*only greys from 0 to 65535 are read: save it"),
        (grey([0, 70000], "i4", "TIFF"), "from 0 to 70000"),
    ],
)
def test_greys_whose_black_and_white_are_not_known_are_refused_with_the_way_out(data: bytes, reason: str) -> None:
    with pytest.raises(CorruptPictureError, match=reason):
        decode(data)


def test_cmyk_becomes_rgb() -> None:
    assert pixel(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF")) == (255, 0, 0)


def test_exif_orientation_is_left_alone_as_open_clip_does_unless_asked_for() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("RGB", (8, 4)), "JPEG", exif=exif)
    assert decode(data).size == (8, 4)
    assert decode(data, turned=True).size == (4, 8)


def test_damaged_exif_asks_for_nothing() -> None:
    picture = Image.new("RGB", (8, 4))
    for size in range(0, 40, 3):
        data = encoded(picture, "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff" + b"\x01\x12" * size)
        with quiet_pillow():
            assert decode(data, turned=True).size == (8, 4)


def test_only_the_first_frame_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (2, 2), color) for color in ("red", "blue")]
    picture = decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert picture.getpixel((0, 0)) == (255, 0, 0)


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def strange_bmp() -> bytes:
    """A compression that Pillow does not know."""
    data = bytearray(encoded(Image.new("RGB", (4, 4)), "BMP"))
    data[30] = 77
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"nonsense", "not a picture"),
        (png(1)[:60], "^the picture is damaged: .*(truncated|cut|Truncated|broken).*; copy it again or remove it$"),
        (
            strange_bmp(),
            "^the picture is damaged, or of a kind that is not read here: Unsupported.*; convert it to JPEG",
        ),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 50, "."),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "not a picture"),
        (bomb(100_000, 100_000), "decompression bomb"),
    ],
)
def test_bytes_that_are_no_picture_are_corrupt_with_a_reason(data: bytes, reason: str) -> None:
    with quiet_pillow(), pytest.raises(CorruptPictureError, match=reason):
        decode(data)


def test_damage_anywhere_in_a_file_is_corrupt_or_harmless() -> None:
    picture = Image.effect_noise((16, 16), 90)
    with quiet_pillow():
        for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "TGA", "QOI", "PPM", "JPEG2000"):
            data = encoded(picture.convert("RGB"), kind)
            for position in range(0, min(len(data), 400), 3):
                damaged = data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
                for broken in (damaged, data[:position]):
                    with suppress(CorruptPictureError):
                        assert decode(broken).mode == "RGB"


def test_pillow_warns_again_afterwards() -> None:
    with quiet_pillow():
        warnings.warn_explicit("odd", UserWarning, "PIL/Image.py", 1, module="PIL.Image")
    with pytest.warns(UserWarning, match="odd"):
        warnings.warn_explicit("odd", UserWarning, "PIL/Image.py", 1, module="PIL.Image")


def test_extensions_are_those_that_pillow_knows() -> None:
    readable_formats()  # registers pillow-heif
    assert set(Image.registered_extensions()) | {".avif", ".avifs"} >= EXTENSIONS
    assert all(Path(f"a{extension}").suffix == extension for extension in EXTENSIONS)
