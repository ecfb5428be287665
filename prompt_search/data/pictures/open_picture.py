"""Bytes of a file to an RGB picture, or the reason why that can't be done."""

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prompt_search.data.pictures.picture_formats import (
    EXTENSIONS,
    UNREADABLE,
    readable_formats,
    why_undecodable,
    why_undecoded,
    why_unreadable,
)
from prompt_search.data.pictures.picture_traits import PictureTraits, pixel_traits
from prompt_search.data.pictures.to_rgb import (
    DEEP_MODES,
    UnknownRangeError,
    deep_to_grey,
    deepest_colour,
    left_out,
    on_white,
    raw_mode,
)

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["CorruptPictureError", "decode", "decode_with_traits", "is_picture_name", "quiet_pillow"]

ORIENTATION = 0x0112
UPRIGHT = (None, 0, 1)
JPEG = ("JPEG", "MPO")
"""Formats whose decoder can shrink; photos of many phones are of the second, which Pillow reads by the first's."""
OPAQUE = 255


class CorruptPictureError(Exception):
    """Bytes that are no picture that can be read here; the message is the reason. Never leaves this package."""


def is_picture_name(name: str) -> bool:
    """Whether a file of this name is a picture, by its ending; some of them can't be read here.

    >>> is_picture_name("a.JPG"), is_picture_name("IMG_1.HEIC"), is_picture_name("notes.txt")
    (True, True, False)
    """
    _, dot, ending = name.lower().rpartition(".")
    return dot + ending in EXTENSIONS or dot + ending in UNREADABLE


def decode(data: bytes, turned: bool = False, least_side: int | None = None) -> "Image.Image":
    """The picture in RGB: the first frame, on white where it is transparent, greys of 16 bits scaled to eight.

    Args:
        data: the bytes of the file.
        turned: turn it as its EXIF orientation says; open_clip, whose features the prompts will be used with, does not.
        least_side: let the decoder of JPEG files shrink them by 2, 4 or 8, to no less than this on both sides.

    Raises:
        CorruptPictureError: if the bytes are no picture, are cut off, can't be read here, or claim to be absurdly
            large.
    """
    return decode_with_traits(data, turned, least_side)[0]


def decode_with_traits(
    data: bytes, turned: bool = False, least_side: int | None = None
) -> "tuple[Image.Image, PictureTraits]":
    """The picture as `decode` makes it, and what is worth knowing about it.

    Raises:
        CorruptPictureError: as `decode`.
    """
    from PIL import Image, UnidentifiedImageError

    if reason := why_unreadable(data):
        raise CorruptPictureError(reason)
    try:
        with Image.open(io.BytesIO(data), formats=readable_formats()) as picture:
            rgb, traits = _rgb(picture, turned, least_side)
    except UnidentifiedImageError as error:
        raise CorruptPictureError(why_undecoded(data)) from error
    except Image.DecompressionBombError as error:
        raise CorruptPictureError("too many pixels: may be a decompression bomb") from error
    except UnknownRangeError as error:
        raise CorruptPictureError(str(error)) from error
    except _DECODER_ERRORS as error:
        raise CorruptPictureError(why_undecodable(str(error) or type(error).__name__)) from error
    return rgb, traits


def _rgb(picture: "Image.Image", turned: bool, least_side: int | None) -> "tuple[Image.Image, PictureTraits]":
    from PIL import ImageOps

    raw = raw_mode(picture)
    if least_side and picture.format in JPEG:
        picture.draft(None, (least_side, least_side))
    picture.load()  # some formats know their mode and their metadata only then
    if 0 in picture.size:
        raise CorruptPictureError("the picture has no pixels")
    oriented = _is_oriented(picture)
    if oriented and turned:
        picture = ImageOps.exif_transpose(picture)
    transparent, deepest = False, deepest_colour(picture, raw)
    if picture.mode in DEEP_MODES:
        rgb, deepest = deep_to_grey(picture)
    elif picture.has_transparency_data:
        rgb = on_white(picture)
        transparent = picture.convert("RGBA").getchannel("A").getextrema()[0] != OPAQUE
    else:
        rgb = picture.convert("RGB")
    return rgb, pixel_traits(
        rgb, transparent=transparent, deepest=deepest, left_out=left_out(picture, raw), oriented=oriented
    )


def _is_oriented(picture: "Image.Image") -> bool:
    """Whether its EXIF data asks for a turn. Damaged EXIF data asks for nothing; the pixels may be whole."""
    try:
        return picture.getexif().get(ORIENTATION) not in UPRIGHT
    except _DECODER_ERRORS:
        return False


# All that Pillow's decoders were seen to raise on damaged bytes. MemoryError is not among them: it is no property of
# the file, and a file found corrupt is remembered as such.
_DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
)


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow's warnings about odd files away from the user: what matters of them is told in our own words.

    To be entered in the main thread around the threads that decode: Python's warning filters belong to the process.
    """
    from PIL import Image

    logger = logging.getLogger("PIL")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    finally:
        logger.setLevel(level)
