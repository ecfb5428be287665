"""What is worth knowing about a picture's pixels, found while it is decoded."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PictureTraits", "pixel_traits"]

STEPS_OF_ONE_COLOUR = 2
"""Of 255: what JPEG may make of an even area."""


@dataclass(frozen=True, slots=True)
class PictureTraits:
    """Of one picture.

    Attributes:
        one_colour: its pixels differ by at most two steps of 255 in each channel.
        transparent: some pixels were not opaque; they were laid on white.
        deepest: the highest value of a grey with more than eight bits, from 0 to 65535; None for others.
        oriented: its EXIF data asks for a turn.
        pixels: hex digest of its size and pixels.
    """

    one_colour: bool = False
    transparent: bool = False
    deepest: int | None = None
    oriented: bool = False
    pixels: str = ""

    def to_text(self) -> str:
        """As a line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "PictureTraits":
        """Read back what `to_text` wrote."""
        return cls(**json.loads(text))


def pixel_traits(rgb: "Image.Image", *, transparent: bool, deepest: int | None, oriented: bool) -> PictureTraits:
    """The traits of a picture in RGB, and what is known of it from before it was."""
    ranges = rgb.getextrema()
    even = all(high - low <= STEPS_OF_ONE_COLOUR for low, high in ranges)  # type: ignore[misc, operator]
    digest = hashlib.sha256(repr(rgb.size).encode() + rgb.tobytes()).hexdigest()[:32]
    return PictureTraits(even, transparent, deepest, oriented, digest)
