"""The content of every image as a hash, read only from files that are new or have changed."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from prompt_search.data.file_index import FileIndex
from prompt_search.data.image_source import ImageFile, ImageSource
from prompt_search.data.lookahead import map_ahead

__all__ = ["fingerprint", "read_bytes"]

BATCH = 256


def fingerprint(
    source: ImageSource, index: FileIndex, verify: bool = False
) -> tuple[tuple[ImageFile, ...], tuple[tuple[str, str], ...]]:
    """The source's images with their `content` filled in, and those that can't be read with the reason.

    Args:
        source: the images.
        index: where the contents of files that have not changed are found, and new ones are put, batch by batch.
        verify: read every file, whatever the index says.
    """
    known = [None] * len(source.images) if verify else index.contents(source.images)
    contents = {image.id: content for image, content in zip(source.images, known, strict=True) if content}
    unreadable: list[tuple[str, str]] = []
    unknown = iter([image for image in source.images if image.id not in contents])
    while batch := list(islice(unknown, BATCH)):
        read = dict(_hash(source, batch))
        unreadable += [(image_id, content) for image_id, content in read.items() if isinstance(content, str)]
        contents |= {image_id: content for image_id, content in read.items() if isinstance(content, bytes)}
        index.remember(replace(image, content=contents[image.id]) for image in batch if image.id in contents)
    found = tuple(replace(image, content=contents[image.id]) for image in source.images if image.id in contents)
    return found, (*source.unreadable, *unreadable)


def read_bytes(picture: Mapping[str, Any] | None) -> bytes:
    """The bytes of one undecoded row of `ImageSource.pictures`.

    Raises:
        OSError: if there are none.
    """
    if picture is None or (picture["bytes"] is None and picture["path"] is None):
        raise FileNotFoundError("the row has no image")
    data: bytes | None = picture["bytes"]
    return Path(picture["path"]).read_bytes() if data is None else data


def _hash(source: ImageSource, images: list[ImageFile]) -> Iterator[tuple[str, bytes | str]]:
    """For each image id the SHA-256 of its bytes, or the reason why they can't be read."""
    rows = (row["image"] for row in source.pictures(images))
    for image, content in zip(images, map_ahead(_content, rows, ahead=16), strict=True):
        yield image.id, content


def _content(picture: Mapping[str, Any] | None) -> bytes | str:
    try:
        return hashlib.sha256(read_bytes(picture)).digest()
    except OSError as error:
        return error.strerror or str(error)
