"""What a worker does with a shard of images: the work of one machine, and its outcome as columns."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from evaluators.errors import DataError, InputError
from evaluators.models.image_text_model import ImageTextModel
from prompt_search.cluster.worker_model import WorkerModel
from prompt_search.data.encoding.encode import HereEncoded
from prompt_search.data.encoding.image_work import EncodedImages
from prompt_search.data.layouts.image_source import ImageFile, ImageSource, PictureReader
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.data.pictures.picture_traits import PictureTraits

__all__ = ["EncodingWorker", "columns_of", "images_in", "part_in"]

Columns = Mapping[str, Any]
"""Arrays of one length by name: a block of Ray Data."""


def columns_of(images: Sequence[ImageFile]) -> dict[str, list[Any]]:
    """What a worker must know of images. File names need not be UTF-8, so they travel as bytes.

    >>> cat = ImageFile("cat/1.png", "cat", None, "/data/cat/1.png", size=3, mtime_ns=7, content=b"hash")
    >>> [(image.id, image.path, image.row, image.content) for image in images_in(columns_of([cat]))]
    [('cat/1.png', '/data/cat/1.png', None, b'hash')]
    """
    return {
        "id": [os.fsencode(image.id) for image in images],
        "path": [os.fsencode(image.path) for image in images],
        "size": [image.size for image in images],
        "mtime_ns": [image.mtime_ns for image in images],
        "row": [-1 if image.row is None else image.row for image in images],
        "content": [image.content for image in images],
    }


def images_in(columns: Columns) -> list[ImageFile]:
    """The images that `columns_of` was given, without their classes."""
    rows = zip(*(columns[name] for name in ("id", "path", "size", "mtime_ns", "row", "content")), strict=True)
    return [
        ImageFile(
            os.fsdecode(name),
            class_id="",
            given=None,
            path=os.fsdecode(path),
            size=int(size),
            mtime_ns=int(mtime_ns),
            row=None if row < 0 else int(row),
            content=bytes(content),
        )
        for name, path, size, mtime_ns, row, content in rows
    ]


def part_in(columns: Columns) -> EncodedImages:
    """What a worker sent.

    Raises:
        DataError: that the worker met.
        ModelError: likewise, or whatever else of a person's input could not be used there.
    """
    for kind, message in zip(columns["kind"], columns["reason"], strict=True):
        if kind == FAULT:
            raise DataError(message)
    kinds, contents = columns["kind"], [bytes(content) for content in columns["content"]]
    own = [i for i, kind in enumerate(kinds) if kind == ENCODED]
    read = ((content, PictureTraits.from_text(text)) for content, text in zip(contents, columns["traits"], strict=True))
    return EncodedImages(
        tuple(contents[i] for i in own),
        np.asarray(columns["features"], dtype=np.float32)[own],
        {contents[i]: str(columns["reason"][i]) for i, kind in enumerate(kinds) if kind == CORRUPT},
        {content: traits for content, traits in read if traits is not None},
    )


ENCODED, CORRUPT, FAULT = range(3)


class EncodingWorker:
    """Encodes shards of images; made once in a process, which loads the model then.

    Errors that a person can mend come back as rows, since one that is raised would be tried again and again.

    Args:
        model: how to get it.
        reader: gives what gives the pictures; None if each is a file of its own.
        device: `cpu` or `cuda`.
        threads: of torch on a CPU; 0 for as many as it likes.
        batch_size: images per call of the model, at least.
        how: pictures are decoded.
    """

    def __init__(
        self,
        model: WorkerModel,
        reader: Callable[[], PictureReader] | None,
        device: str,
        threads: int,
        batch_size: int,
        how: Decoding,
    ) -> None:
        import torch

        if threads:
            torch.set_num_threads(threads)
        self.name = f"{socket.gethostname()}/{os.getpid()}"
        self._width, self._batch_size, self._how = 0, batch_size, how
        self._source = ImageSource((), (), reader=reader() if reader else None)
        self._model: ImageTextModel | InputError
        try:
            self._model = model.load(device)
        except InputError as error:
            self._model = error

    def __call__(self, columns: Columns) -> dict[str, Any]:
        """Encode a shard, see `columns_of` and `part_in`."""
        images = images_in(columns)
        try:
            if isinstance(self._model, InputError):
                raise self._model
            model = self._model
            parts = list(HereEncoded().encoded(self._source, images, model, self._batch_size, self._how))
        except InputError as error:
            return self._rows([(b"", FAULT, f"on the worker {self.name}: {error}", "")], None)
        traits = {content: own.to_text() for part in parts for content, own in part.traits.items()}
        rows = [(content, ENCODED, "", traits.get(content, "")) for part in parts for content in part.contents]
        corrupt = [(content, CORRUPT, reason, "") for part in parts for content, reason in part.corrupt.items()]
        none = np.zeros((len(corrupt), model.width), dtype=np.float32)
        return self._rows(rows + corrupt, np.concatenate([*(part.features for part in parts), none]))

    def _rows(self, rows: Sequence[tuple[bytes, int, str, str]], features: Any) -> dict[str, Any]:  # noqa: ANN401
        content, kind, reason, traits = (list(column) for column in zip(*rows, strict=True))
        return {
            "content": np.array(content, dtype=object),
            "kind": np.array(kind),
            "reason": np.array(reason, dtype=object),
            "traits": np.array(traits, dtype=object),
            "worker": np.array([self.name] * len(rows), dtype=object),
            "features": np.zeros((len(rows), 1), dtype=np.float32) if features is None else features,
        }
