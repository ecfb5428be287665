"""Image features: found in the store by content, or read, decoded, encoded and stored."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluators.embedding_store import EmbeddingStore
from evaluators.errors import DataError
from evaluators.image_text_model import FloatArray, ImageTextModel
from prompt_search.data.fingerprints import read_bytes
from prompt_search.data.image_source import ImageFile, ImageSource
from prompt_search.data.lookahead import map_ahead
from prompt_search.data.pictures import CorruptPictureError, decode, quiet_pillow
from prompt_search.data.printable import listed

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["encode", "image_store"]


def image_store(model: ImageTextModel, cache_dir: Path) -> EmbeddingStore:
    """The image features of this model at this precision and preprocessing; the key of a vector is the SHA-256 of the
    image's bytes."""
    made_by = hashlib.sha256(f"{model.fingerprint}\n{model.preprocessing}".encode()).hexdigest()[:16]
    return EmbeddingStore(cache_dir / "embeddings" / f"images-{made_by}", model.width)


def encode(
    source: ImageSource,
    images: Iterable[ImageFile],
    model: ImageTextModel,
    store: EmbeddingStore,
    on_progress: Callable[[int, int], None] | None = None,
    batch_size: int = 64,
) -> dict[bytes, str]:
    """Encode those images that are not in the store; afterwards it has all of them that are pictures.

    A batch is stored as soon as it is encoded, so a kill loses at most one.

    Args:
        source: the data set that the images are from.
        images: with their contents filled in.
        model: its `encode_images` gets RGB pictures.
        store: of this model, see `image_store`.
        on_progress: called with the number of images done and to do, before the first and after each batch.
        batch_size: pictures per call of the model.

    Returns:
        The contents that are no picture, with the reason.

    Raises:
        DataError: if a file changed or vanished meanwhile, or the model makes features that are not finite; the image
            is named.
    """
    by_content = {image.content: image for image in images}
    missing = [by_content[content] for content in store.missing(list(by_content))]
    corrupt: dict[bytes, str] = {}
    report = on_progress or (lambda done, total: None)
    for done in _encode_missing(source, missing, model, store, batch_size, corrupt):
        report(done, len(missing))
    return corrupt


def _encode_missing(
    source: ImageSource,
    missing: Sequence[ImageFile],
    model: ImageTextModel,
    store: EmbeddingStore,
    batch_size: int,
    corrupt: dict[bytes, str],
) -> Iterator[int]:
    """Encode batch by batch; yield how many images are done."""
    if not missing:
        return
    yield 0
    rows = zip(missing, (row["image"] for row in source.pictures(missing)), strict=True)
    with quiet_pillow():
        decoded = map_ahead(_decode, rows, ahead=2 * batch_size)
        for start in range(0, len(missing), batch_size):
            batch = list(islice(decoded, batch_size))
            corrupt |= {image.content: found for image, found in batch if isinstance(found, str)}
            _encode_batch([(image, found) for image, found in batch if not isinstance(found, str)], model, store)
            yield start + len(batch)


def _decode(item: tuple[ImageFile, Mapping[str, Any] | None]) -> "tuple[ImageFile, Image.Image | str]":
    image, picture = item
    try:
        data = read_bytes(picture)
    except OSError as error:
        raise DataError(f"image {listed([image.id])} can't be read any more: {error.strerror or error}") from error
    # The key of the vector must be the hash of the very bytes it is made from.
    if hashlib.sha256(data).digest() != image.content:
        raise DataError(
            f"image {listed([image.id])} is not what it was when it was last read; "
            "if nobody changes files at this moment, let all be read again (--verify)"
        )
    try:
        return image, decode(data)
    except CorruptPictureError as error:
        return image, str(error)


def _encode_batch(
    batch: "Sequence[tuple[ImageFile, Image.Image]]", model: ImageTextModel, store: EmbeddingStore
) -> None:
    if not batch:
        return
    features: FloatArray = model.encode_images([picture for _, picture in batch])
    for (image, _), vector in zip(batch, features, strict=True):
        if not np.isfinite(vector).all():
            raise DataError(
                f"the model {model.name} makes features of image {listed([image.id])} that are not finite; "
                "it overflows at this precision (try --precision fp32), or the picture is very odd: leave it out"
            )
    store.put([image.content for image, _ in batch], features)
