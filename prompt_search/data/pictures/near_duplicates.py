"""Images that are nearly the same and stand in different splits: what is learned of one is then known of the other.

They are found by the features at hand. Half of the pairs of a photo and its mirror image, and of a photo and its inner
part, have a cosine above 0.95 with the bundled model, nearly all copies that were resized or made brighter one above
0.97, and of a thousand different photos no two one above 0.94 (`python -m benchmarks near_duplicates`). What is stored
anew as a JPEG is often further away. Large models were not measured.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators import LabeledImages
from evaluators.models.image_text_model import FloatArray
from prompt_search.data.layouts.image_source import Role
from prompt_search.data.splits import Splits

__all__ = ["LOOK", "Leaks", "NearDuplicate", "leaked_images", "near_duplicates"]

LOOK = "look 1"
"""Counted up when the same images are to come to another outcome."""

ROWS_AT_ONCE = 2048
MOST_LEFT_OUT = 0.2
"""The share of images above which it is no accident that they are alike."""

MOST_PRODUCTS = 2**43
"""Multiplications above which the look takes more than some ten minutes of two cores."""


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """An image of one split that is nearly the same as one of a split that is more sealed.

    Attributes:
        position: in its own split.
        like: the id of the other image, the most similar one.
        cosine: of their features.
    """

    position: int
    like: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Leaks:
    """What a look for near duplicates came to.

    Attributes:
        images: what must not be searched or chosen with: by content its id, that of the image it is like, the cosine.
        told: what a person should know instead, where so many are alike that leaving them out would not help.
    """

    images: Mapping[bytes, tuple[str, str, float]]
    told: tuple[str, ...] = ()

    def to_text(self) -> str:
        """As a line of JSON."""
        return json.dumps([[[content.hex(), *each] for content, each in self.images.items()], self.told])

    @classmethod
    def from_text(cls, text: str) -> "Leaks | None":
        """Read back what `to_text` wrote; None if it is something else.

        >>> leaks = Leaks({b"cat": ("cat/1.png", "cat/2.png", 0.98)}, ("said",))
        >>> Leaks.from_text(leaks.to_text()) == leaks, Leaks.from_text("[]")
        (True, None)
        """
        try:
            images, told = json.loads(text)
            found = {bytes.fromhex(key): (str(own), str(like), float(cosine)) for key, own, like, cosine in images}
            return cls(found, tuple(map(str, told)))
        except (ValueError, TypeError, RecursionError):
            return None


def near_duplicates(images: LabeledImages, sealed: Sequence[LabeledImages], threshold: float) -> list[NearDuplicate]:
    """The images of a split whose features are nearly those of an image of other splits, in order of their position.

    Args:
        images: the split.
        sealed: other splits, whose images stay where they are.
        threshold: the least cosine, in (0, 1], that counts as nearly the same.

    >>> rows = np.array([[1, 0], [0.6, 0.8], [0.999, 0.045]], dtype=np.float32)
    >>> images = LabeledImages(rows[:2], np.array([0, 1]), ("cat", "dog"), ("cat/1.png", "dog/1.png"))
    >>> other = LabeledImages(rows[2:], np.array([0]), ("cat", "dog"), ("cat/2.png",))
    >>> near_duplicates(images, [other], 0.97)
    [NearDuplicate(position=0, like='cat/2.png', cosine=0.999)]
    """
    best = np.full(len(images), -1.0, dtype=np.float32)
    like: list[str] = [""] * len(images)
    for start, mine in _parts(images):
        for other in sealed:
            for place, theirs in _parts(other):
                cosines = mine @ theirs.T
                nearest = cosines.argmax(axis=1)
                found = cosines[np.arange(len(mine)), nearest]
                for row in np.flatnonzero(found > best[start : start + len(mine)]).tolist():
                    best[start + row] = found[row]
                    like[start + row] = other.image_ids[place + int(nearest[row])]
    at: NDArray[np.int64] = np.flatnonzero(best >= threshold)
    return [NearDuplicate(i, like[i], round(float(best[i]), 4)) for i in at.tolist()]


def leaked_images(drawn: Splits, splits: Mapping[Role, LabeledImages], threshold: float) -> Leaks:
    """What must not be searched or chosen with, as it is nearly an image of a more sealed split: test, then select."""
    if threshold >= 1:
        return Leaks({})
    sealed: dict[Role, list[LabeledImages]] = {
        "search": [splits["select"], splits["test"]],
        "select": [splits["test"]],
    }
    if any(too_many(splits[role], others) for role, others in sealed.items()):
        return Leaks({}, ("images that are nearly the same were not looked for: with so many it takes long",))
    found = {role: near_duplicates(splits[role], others, threshold) for role, others in sealed.items()}
    many = sum(map(len, found.values()))
    all_ = len(splits["search"]) + len(splits["select"])
    if many > MOST_LEFT_OUT * all_:
        said = (
            f"{many} of {all_} images to search and select with are nearly the same as one of a more sealed split "
            f"(cosine of at least {threshold:g}), too many to leave out: if they are frames of one film or views of "
            "one thing, give splits that keep those together, or the result on unseen images is too good"
        )
        return Leaks({}, (said,))
    files = {"search": drawn.search, "select": drawn.select}
    return Leaks(
        {
            files[role][each.position].content: (files[role][each.position].id, each.like, each.cosine)
            for role, own in found.items()
            for each in own
        }
    )


def too_many(images: LabeledImages, sealed: Sequence[LabeledImages]) -> bool:
    """Whether the look is left out because it would take long."""
    width = images.embeddings.shape[1]
    return bool(len(images) * sum(map(len, sealed)) * width > MOST_PRODUCTS)


def _parts(images: LabeledImages) -> Iterator[tuple[int, FloatArray]]:
    for start in range(0, len(images), ROWS_AT_ONCE):
        rows = images.embeddings[start : start + ROWS_AT_ONCE]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        yield start, (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
