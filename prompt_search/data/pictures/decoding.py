"""How pictures are decoded: what a person chooses, and the words that their features are kept under."""

import json
from dataclasses import dataclass
from typing import Literal, get_args

from prompt_search.errors import SettingsError

__all__ = ["Decode", "Decoding"]

Decode = Literal["exact", "fast"]
"""JPEG files as they are, or shrunk while they are decoded, by what the decoder offers: 1/2, 1/4, 1/8."""

GAP = 2
"""How many times the side that preprocessing resizes to a shrunk picture has at least. What resizing makes of
twice the side is close to what it makes of the whole picture: `benchmarks/image_decoding.py` prints how close."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How files become pixels.

    Attributes:
        turned: pictures are turned by their EXIF orientation; open_clip, whose features the prompts will be used with,
            does not.
        way: whether JPEG files may be shrunk by their decoder.

    Raises:
        SettingsError: if there is no such way.
    """

    turned: bool = False
    way: Decode = "exact"

    def __post_init__(self) -> None:
        if self.way not in get_args(Decode):
            raise SettingsError(f"decode must be one of {', '.join(get_args(Decode))}, got {self.way!r}")

    @property
    def words(self) -> str:
        """What is made of files, in words: other words, other pixels, other image features.

        >>> Decoding().words
        'rgb, transparency on white, deep greys by the range of their type'
        """
        turned = ", turned by exif" if self.turned else ""
        shrunk = f", jpegs shrunk by their decoder to {GAP} times the size or more" if self.way == "fast" else ""
        return f"rgb, transparency on white, deep greys by the range of their type{turned}{shrunk}"

    def least_side(self, preprocessing: str) -> int | None:
        """Pixels that both sides of a JPEG picture must keep for a model; None if it is not to be shrunk.

        Args:
            preprocessing: of the model, see `ImageTextModel`; nothing is shrunk where its size is not known from it.

        >>> Decoding(way="fast").least_side('{"size": [224, 224], "resize_mode": "shortest"}')
        448
        """
        size = _resized_to(preprocessing) if self.way == "fast" else None
        return GAP * size if size else None


def _resized_to(preprocessing: str) -> int | None:
    """The longer side of what goes into the tower; whichever side of a picture is resized to it, it is enough."""
    try:
        stated = json.loads(preprocessing)
    except ValueError:
        return None
    size = stated.get("size") if isinstance(stated, dict) else None
    sides = size if isinstance(size, list) else [size]
    return max(sides) if sides and all(type(side) is int and side > 0 for side in sides) else None
