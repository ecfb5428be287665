"""What is worth knowing about a picture's pixels, found while it is decoded."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PictureTraits", "pixel_traits"]

STEPS_OF_ONE_COLOUR = 2
"""Of 255: what JPEG may make of an even area."""

SMALL = 64
KINDS: Mapping[str, tuple[type, ...]] = {
    "one_colour": (bool,),
    "transparent": (bool,),
    "deepest": (int, type(None)),
    "left_out": (int,),
    "oriented": (bool,),
    "pixels": (str,),
}
"""Of what is written down of traits: a file may have been written to by something else."""


@dataclass(frozen=True, slots=True)
class PictureTraits:
    """Of one picture.

    Attributes:
        one_colour: its pixels differ by at most two steps of 255 in each channel.
        transparent: some pixels were not opaque; they were laid on white.
        deepest: the highest value of a picture with more than eight bits a channel, from 0 to 65535; None for others.
            Of colours only the upper eight bits are known, and the lower ones taken for set.
        left_out: how many of its channels are not read.
        oriented: its EXIF data asks for a turn.
        pixels: hex digest of its size and its pixels, averaged down to 64 to 127 a side.
    """

    one_colour: bool = False
    transparent: bool = False
    deepest: int | None = None
    left_out: int = 0
    oriented: bool = False
    pixels: str = ""

    def to_text(self) -> str:
        """As a line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "PictureTraits | None":
        """Read back what `to_text` wrote; None if it is something else."""
        if isinstance(text, str) and text.startswith(PLAIN) and text.endswith(END):
            pixels = text[len(PLAIN) : -len(END)]
            if pixels.isalnum():  # nearly every picture is plain, and reading JSON takes five times as long
                return cls(pixels=pixels)
        try:
            found = json.loads(text)
            known = isinstance(found, dict) and all(type(found[name]) in kinds for name, kinds in KINDS.items())
            return cls(**found) if known else None
        except (ValueError, TypeError, KeyError, RecursionError):
            return None


PLAIN, END = PictureTraits(pixels="|").to_text().split("|")
"""What a picture is written down as of which nothing is to be said, but for its pixels."""


def pixel_traits(
    rgb: "Image.Image", *, transparent: bool, deepest: int | None, left_out: int, oriented: bool
) -> PictureTraits:
    """The traits of a picture in RGB, and what is known of it from before it was."""
    width, height = rgb.size
    small = rgb.reduce((max(1, width // SMALL), max(1, height // SMALL)))
    even = _is_even(small) and _is_even(rgb)  # only what is even when small can be even: most need not be looked at
    digest = hashlib.sha256(repr(rgb.size).encode() + small.tobytes()).hexdigest()[:32]
    return PictureTraits(even, transparent, deepest, left_out, oriented, digest)


def _is_even(rgb: "Image.Image") -> bool:
    ranges = cast("tuple[tuple[int, int], ...]", rgb.getextrema())
    return all(high - low <= STEPS_OF_ONE_COLOUR for low, high in ranges)
