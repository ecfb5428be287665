"""The content of every image as a hash, read only from files that are new or have changed."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from prompt_search.data.encoding.file_index import FileIndex
from prompt_search.data.encoding.lookahead import map_ahead
from prompt_search.data.encoding.prepare import read_bytes
from prompt_search.data.layouts.image_source import ImageFile, ImageSource, Undecoded

__all__ = ["fingerprint"]

BATCH = 256
EMPTY = hashlib.sha256(b"").digest()
EMPTY_FILE = "the file is empty"


def fingerprint(
    source: ImageSource,
    index: FileIndex,
    verify: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[ImageFile, ...], tuple[tuple[str, str], ...]]:
    """The source's images with their `content` filled in, and those that can't be read or are empty with the reason.

    Args:
        source: the images.
        index: where the contents of files that have not changed are found, and new ones are put, batch by batch.
        verify: read every file, whatever the index says.
        on_progress: called with the number of files read and to read, before the first and after each batch.
    """
    own = {image.id: image.content for image in source.images if image.content}
    others = [image for image in source.images if not image.content]
    known = [None] * len(others) if verify else index.contents(others)
    contents = own | {image.id: content for image, content in zip(others, known, strict=True) if content}
    unreadable: list[tuple[str, str]] = []
    to_read = [image for image in source.images if image.id not in contents]
    report = on_progress or (lambda done, total: None)
    if to_read:
        report(0, len(to_read))
    for start in range(0, len(to_read), BATCH):
        batch = to_read[start : start + BATCH]
        read = dict(_hash(source, batch))
        unreadable += [(image_id, content) for image_id, content in read.items() if isinstance(content, str)]
        contents |= {image_id: content for image_id, content in read.items() if isinstance(content, bytes)}
        index.remember(replace(image, content=contents[image.id]) for image in batch if image.id in contents)
        report(start + len(batch), len(to_read))
    empty = {image_id for image_id, content in contents.items() if content == EMPTY}  # no duplicates of each other
    unreadable += [(image_id, EMPTY_FILE) for image_id in sorted(empty)]
    usable = [image for image in source.images if image.id in contents and image.id not in empty]
    found = tuple(replace(image, content=contents[image.id]) for image in usable)
    return found, (*source.unreadable, *unreadable)


def _hash(source: ImageSource, images: list[ImageFile]) -> Iterator[tuple[str, bytes | str]]:
    """For each image id the SHA-256 of its bytes, or the reason why they can't be read."""
    read = map_ahead(_content, source.pictures(images), ahead=16)
    for image, content in zip(images, read, strict=True):
        yield image.id, content


def _content(picture: Undecoded | None) -> bytes | str:
    try:
        return hashlib.sha256(read_bytes(picture)).digest()
    except OSError as error:
        return error.strerror or str(error)
