"""The same picture twice: one copy is used; if its copies disagree about the class, none is."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from prompt_search.data.layouts.image_source import ImageFile

__all__ = ["Distinct", "distinct"]

SEALED_FIRST = {"test": 0, "select": 1, "search": 2, None: 0}


@dataclass(frozen=True, slots=True)
class Distinct:
    """Images of which no two have the same bytes.

    Attributes:
        images: sorted by id.
        duplicates: (image left out, id of the copy that was kept).
        contradictions: groups of images with the same bytes in different classes, all left out.
    """

    images: tuple[ImageFile, ...]
    duplicates: tuple[tuple[ImageFile, str], ...] = ()
    contradictions: tuple[tuple[ImageFile, ...], ...] = ()


def distinct(images: Iterable[ImageFile]) -> Distinct:
    """Keep one image of each content: the copy in the most sealed given split, there the first by id.

    The copy in the test split is the one to keep: without it the test would lose images because of what else
    a person put into `train`, and with both of them the search would have seen a test image.
    """
    images = sorted(images, key=lambda image: image.id)
    if len({image.content for image in images}) == len(images):
        return Distinct(tuple(images))
    by_content: dict[bytes, list[ImageFile]] = defaultdict(list)
    for image in sorted(images, key=lambda image: SEALED_FIRST[image.given]):
        by_content[image.content].append(image)
    kept: list[ImageFile] = []
    duplicates: list[tuple[ImageFile, str]] = []
    contradictions: list[tuple[ImageFile, ...]] = []
    for first, *others in by_content.values():
        if any(other.class_id != first.class_id for other in others):
            contradictions.append(tuple(sorted((first, *others), key=lambda image: image.id)))
        else:
            kept.append(first)
            duplicates += [(other, first.id) for other in others]
    return Distinct(
        images=tuple(sorted(kept, key=lambda image: image.id)),
        duplicates=tuple(sorted(duplicates, key=lambda pair: pair[0].id)),
        contradictions=tuple(sorted(contradictions, key=lambda group: group[0].id)),
    )
