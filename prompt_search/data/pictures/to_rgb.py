"""A decoded picture in eight-bit RGB: transparency on white, deep greys scaled, everything else as Pillow converts."""

from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["DEEP_MODES", "UnknownRangeError", "deep_to_grey", "deepest_colour", "left_out", "on_white", "raw_mode"]

DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes of greys with more than eight bits."""

MOST = 65535
UPPER = 256


class UnknownRangeError(Exception):
    """Greys whose black and white are not known; the message is the reason. Never leaves this package."""


def raw_mode(picture: "Image.Image") -> str:
    """How the pixels lie in the file, in Pillow's words, e.g. `RGB;16B`; to be asked before the picture is loaded."""
    arguments = picture.tile[0].args if picture.tile else ""  # type: ignore[attr-defined, unused-ignore]
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def deepest_colour(picture: "Image.Image", raw: str) -> int | None:
    """The highest value of colours of 16 bits, from 0 to 65535, with the lower eight bits set; None for others.

    Pillow reads the upper eight bits of such colours, which is the range of the type as with greys.
    """
    if ";16" not in raw or len(picture.getbands()) == 1:
        return None
    ranges = cast("tuple[tuple[int, int], ...]", picture.getextrema())
    colours = ranges[:-1] if picture.mode.endswith("A") else ranges
    return max(high for _, high in colours) * UPPER + UPPER - 1


def left_out(picture: "Image.Image", raw: str) -> int:
    """How many channels of a TIFF picture are not read: those behind red, green, blue and transparency."""
    return raw.count("X") if picture.format == "TIFF" and raw.startswith("RGB") else 0


def on_white(picture: "Image.Image") -> "Image.Image":
    """A picture with transparency laid on white, in RGB. Where it is opaque its colours stay, bit for bit.

    White, since most transparent pictures are drawings and products meant for a white page; dropping the alpha channel
    instead, as a plain conversion does, shows colours that nobody was to see, mostly black.
    """
    from PIL import Image

    layers = picture.convert("RGBA")
    white = Image.new("RGBA", layers.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, layers).convert("RGB")


def deep_to_grey(picture: "Image.Image") -> "tuple[Image.Image, int]":
    """A grey picture of 16 or 32 bits in RGB, and its highest value from 0 to 65535.

    The scale is the range of the type and never the picture's own, so that dark pictures stay dark beside bright ones:
    integers from 0 to 65535, floating-point numbers from 0 to 1.

    Raises:
        UnknownRangeError: if a value is outside of that, or not a number.
    """
    from PIL import Image

    values = np.asarray(picture)
    if values.size and not np.isfinite(values).all():
        raise UnknownRangeError("some of its values are not numbers")
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    top = 1.0 if values.dtype.kind == "f" else float(MOST)
    if low < 0 or high > top:
        what = "floating-point greys from 0 to 1" if top == 1.0 else "greys from 0 to 65535"
        raise UnknownRangeError(
            f"its values go from {low:g} to {high:g}, so black and white are not known; only {what} are read: "
            "save it with eight bits, all pictures scaled alike"
        )
    scaled: NDArray[np.uint8] = np.rint(values.astype(np.float64) * (255 / top)).astype(np.uint8)
    return Image.fromarray(scaled).convert("RGB"), round(high * MOST / top)
