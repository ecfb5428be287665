"""The content of every image as a hash, read only from files that are new or have changed."""

import hashlib
from collections.abc import Callable, Iterator

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
    images = source.images
    contents = [image.content for image in images]
    others = [place for place, content in enumerate(contents) if not content]
    if not verify:
        for place, content in zip(others, index.contents([images[place] for place in others]), strict=True):
            contents[place] = content or b""
    to_read = [place for place in others if not contents[place]]
    unreadable: list[tuple[str, str]] = []
    report = on_progress or (lambda done, total: None)
    if to_read:
        report(0, len(to_read))
    for start in range(0, len(to_read), BATCH):
        batch = to_read[start : start + BATCH]
        for place, found in zip(batch, _hash(source, [images[place] for place in batch]), strict=True):
            if isinstance(found, str):
                unreadable.append((images[place].id, found))
            else:
                contents[place] = found
        index.remember(images[place].having(contents[place]) for place in batch if contents[place])
        report(start + len(batch), len(to_read))
    read = [image.having(content) for image, content in zip(images, contents, strict=True) if content]
    empty = sorted(image.id for image in read if image.content == EMPTY)  # no duplicates of each other
    unreadable += [(image_id, EMPTY_FILE) for image_id in empty]
    usable = tuple(image for image in read if image.content != EMPTY) if empty else tuple(read)
    return usable, (*source.unreadable, *unreadable)


def _hash(source: ImageSource, images: list[ImageFile]) -> Iterator[bytes | str]:
    """For each image the SHA-256 of its bytes, or the reason why they can't be read."""
    yield from map_ahead(_content, source.pictures(images), ahead=16)


def _content(picture: Undecoded | None) -> bytes | str:
    try:
        return hashlib.sha256(read_bytes(picture)).digest()
    except OSError as error:
        return error.strerror or str(error)
