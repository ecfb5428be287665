"""Decoding: what becomes RGB, and what is corrupt."""

import io
import struct
import warnings
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from prompt_search.data.picture_formats import EXTENSIONS, readable_formats
from prompt_search.data.pictures import CorruptPictureError, decode, quiet_pillow
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


def test_exif_orientation_is_left_alone_as_open_clip_does() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(encoded(Image.new("RGB", (8, 4)), "JPEG", exif=exif)).size == (8, 4)


def test_only_the_first_frame_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (2, 2), color) for color in ("red", "blue")]
    picture = decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert picture.getpixel((0, 0)) == (255, 0, 0)


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"nonsense", "not a picture"),
        (png(1)[:60], "truncated|cut|Truncated|broken"),
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
