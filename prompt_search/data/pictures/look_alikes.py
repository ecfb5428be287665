"""Pictures that look the same though their bytes differ: copies in another size, format or quality.

By difference hashes (N. Krawetz, "Kind of like that", 2013): whether each of 8 x 8 places of a small grey copy is
brighter than the next to the right, and than the next below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from prompt_search.data.encoding.lookahead import map_ahead
from prompt_search.data.encoding.prepare import read_bytes
from prompt_search.data.layouts.image_source import ImageFile, ImageSource, Undecoded
from prompt_search.data.pictures.open_picture import CorruptPictureError, decode, quiet_pillow

__all__ = ["MOST", "Pair", "look_alikes"]

MOST = 20_000
"""Pictures that are compared, each with each."""
SIDE = 8
LEAST_SIDE = 16 * SIDE
CLOSE = 8
"""Bits of the 128 in which two pictures may differ."""
FLAT = 8.0
"""Greys that a small copy must span: pictures of one colour all look the same."""
LEAST_BITS = 24
"""Ones and zeros that a hash must have: a smooth ramp looks like every other."""
ROWS_AT_ONCE = 512

Hash = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures that look the same.

    Attributes:
        ids: of the images, sorted.
        across_splits: whether they are in different given splits: then a search may see what the test is to judge.
        across_classes: whether they are of different classes.
    """

    ids: tuple[str, str]
    across_splits: bool
    across_classes: bool


def look_alikes(
    source: ImageSource, images: Sequence[ImageFile], fast: bool = False
) -> tuple[tuple[Pair, ...], dict[str, str]]:
    """Pairs of pictures that look the same, those in different splits first; and the ids that are no pictures, with
    the reason.

    Args:
        source: of the images.
        images: at most `MOST`, with distinct contents.
        fast: let JPEG files be shrunk by their decoder.
    """
    hashes: list[Hash] = []
    kept: list[ImageFile] = []
    corrupt: dict[str, str] = {}
    hashed = partial(_hashed, least_side=LEAST_SIDE if fast else None)
    with quiet_pillow():
        for image, found in zip(images, map_ahead(hashed, source.pictures(images), ahead=32), strict=True):
            if isinstance(found, str):
                corrupt[image.id] = found
            elif found is not None:
                hashes.append(found)
                kept.append(image)
    pairs = [_pair(kept[a], kept[b]) for a, b in _close(np.array(hashes, dtype=np.uint64).reshape(-1, 2))]
    return tuple(sorted(pairs, key=lambda pair: (not pair.across_splits, pair.ids))), corrupt


def _pair(one: ImageFile, other: ImageFile) -> Pair:
    first, second = sorted((one.id, other.id))
    return Pair((first, second), one.given != other.given, one.class_id != other.class_id)


def _hashed(picture: Undecoded | None, least_side: int | None) -> Hash | str | None:
    """The hash of a picture; why it is none; or None for one that is too plain to tell."""
    try:
        rgb = decode(read_bytes(picture), least_side=least_side)
    except (OSError, CorruptPictureError) as error:
        return str(error)
    small = np.asarray(rgb.convert("L").resize((SIDE + 1, SIDE + 1)), dtype=np.float32)
    if np.ptp(small) < FLAT:
        return None
    right = small[:SIDE, 1:] > small[:SIDE, :-1]
    below = small[1:, :SIDE] > small[:-1, :SIDE]
    bits = np.concatenate([right.ravel(), below.ravel()])
    if min(bits.sum(), (~bits).sum()) < LEAST_BITS:
        return None
    return np.packbits(bits).view(np.uint64)


def _close(hashes: Hash) -> list[tuple[int, int]]:
    """Pairs of rows that differ in few bits."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(hashes), ROWS_AT_ONCE):
        block = hashes[start : start + ROWS_AT_ONCE]
        differing = np.bitwise_count(block[:, None, :] ^ hashes[None, start:, :]).sum(axis=2)
        rows, columns = np.nonzero(differing <= CLOSE)
        found += [(start + int(a), start + int(b)) for a, b in zip(rows, columns, strict=True) if b > a]
    return found
