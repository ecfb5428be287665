"""The base-to-new protocol's division of classes: search on the first half, see what carries over to the others."""

from dataclasses import replace
from typing import Literal

from evaluators.errors import DataError
from prompt_search.data.layouts.image_source import ImageSource

__all__ = ["ClassPart", "part_of"]

ClassPart = Literal["all", "base", "new"]


def part_of(source: ImageSource, part: ClassPart) -> ImageSource:
    """The data set with its first ceil(C/2) classes (`base`), the others (`new`), or all of them.

    Raises:
        DataError: if there are fewer than four classes to divide.
    """
    if part == "all":
        return source
    if len(source.classes) < 4:
        raise DataError(
            f"base-to-new needs at least 4 classes, so that each half has two; here are {len(source.classes)}"
        )
    half = -(-len(source.classes) // 2)
    classes = source.classes[:half] if part == "base" else source.classes[half:]
    ids = {label.id for label in classes}
    return replace(source, classes=classes, images=tuple(image for image in source.images if image.class_id in ids))
