"""What kind of TIFF picture a file holds that can't be read here."""

import io
from collections.abc import Mapping
from typing import Any

__all__ = ["why_tiff_unreadable"]

BEGINNINGS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
"""Of TIFF files in either order of bytes; with `+` of BigTIFF."""

BITS, CHANNELS, KIND = 258, 277, 339
KINDS = {1: "whole numbers", 2: "whole numbers with a sign", 3: "floating-point numbers"}
WAY_OUT = (
    "save one or three of its channels with eight bits, all pictures scaled alike (for example "
    "`gdal_translate -ot Byte -b 1 -b 2 -b 3 -scale LOWEST HIGHEST 0 255 -of PNG in.tif out.png`)"
)


def why_tiff_unreadable(data: bytes) -> str | None:
    """What a TIFF file holds that no decoder here reads, and how to convert it; None if it is none.

    >>> why_tiff_unreadable(b"GIF89a") is None
    True
    """
    if not data.startswith(BEGINNINGS):
        return None
    tags = _tags(data)
    channels, bits = _first(tags, CHANNELS) or 1, _first(tags, BITS)
    if bits is None:
        return "a TIFF picture that is damaged, or of a kind that is not read here; convert it to JPEG or PNG"
    of = "1 channel" if channels == 1 else f"{channels} channels"
    kind = KINDS.get(_first(tags, KIND) or 1, "numbers of another kind")
    return f"a TIFF picture of {of} of {kind} with {bits} bits, a kind that is not read here: {WAY_OUT}"


def _tags(data: bytes) -> Mapping[int, Any]:
    """The tags of the first picture; none if they are damaged."""
    from PIL import TiffImagePlugin

    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if data[2:3] == b"+" or data[3:4] == b"+" else 8])
        file = io.BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
        return {number: tags[number] for number in (BITS, CHANNELS, KIND) if number in tags}
    except Exception:  # noqa: BLE001 - whatever a damaged file makes of its own description
        return {}


def _first(tags: Mapping[int, Any], number: int) -> int | None:
    value = tags.get(number)
    if isinstance(value, tuple) and value:
        value = value[0]
    return value if isinstance(value, int) else None
