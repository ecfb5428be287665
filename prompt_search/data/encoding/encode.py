"""Image features: found in the store by content, or read, decoded, encoded and stored."""

import hashlib
import logging
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np

from evaluators.embeddings.embedding_store import EmbeddingStore
from evaluators.errors import DataError
from evaluators.models.image_text_model import ImageTextModel, TwoStepModel
from evaluators.precision import StoredAs
from prompt_search.data.encoding.image_work import EncodedImages, ImageWork
from prompt_search.data.encoding.lookahead import map_ahead
from prompt_search.data.encoding.prepare import Prepare, Prepared
from prompt_search.data.encoding.processes import WorkersFailed, can_leave_process, map_in_processes
from prompt_search.data.layouts.image_source import ImageFile, ImageSource, Undecoded
from prompt_search.data.names.printable import listed
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.data.pictures.open_picture import quiet_pillow
from prompt_search.data.pictures.picture_traits import PictureTraits

__all__ = ["HereEncoded", "encode", "image_store"]


PLAIN = Decoding()
FEWEST_FOR_PROCESSES = 4096
"""Worker processes take seconds to start; threads have done fewer images by then."""


def image_store(
    model: ImageTextModel, cache_dir: Path, stored_as: StoredAs = "fp32", how: Decoding = PLAIN
) -> EmbeddingStore:
    """The image features of this model at this precision, decoding and preprocessing; the key of a vector is the
    SHA-256 of the image's bytes. What is stored as fp16 has a folder of its own, as has every way of decoding."""
    made_of = f"{model.fingerprint}\n{how.words}\n{model.preprocessing}"
    made_by = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    name = f"images-{made_by}" if stored_as == "fp32" else f"images-{made_by}-{stored_as}"
    return EmbeddingStore(cache_dir / "embeddings" / name, model.width, stored_as)


def encode(
    source: ImageSource,
    images: Iterable[ImageFile],
    model: ImageTextModel,
    store: EmbeddingStore,
    on_progress: Callable[[int, int], None] | None = None,
    batch_size: int = 64,
    *,
    how: Decoding = PLAIN,
    unseen: Collection[bytes] = frozenset(),
    on_traits: Callable[[Mapping[bytes, PictureTraits]], None] = lambda traits: None,
    work: ImageWork | None = None,
) -> dict[bytes, str]:
    """Encode those images that are not in the store; afterwards it has all of them that are pictures.

    A batch is stored as soon as it is encoded, so a kill loses at most one. While one is encoded, the next are read,
    decoded and, with a `TwoStepModel`, preprocessed: in threads, or in processes where the model asks for them.

    Args:
        source: the data set that the images are from.
        images: with their contents filled in.
        model: its `encode_images` gets RGB pictures.
        store: of this model, see `image_store`.
        on_progress: called with the number of images done and to do, before the first and after each batch.
        batch_size: pictures per call of the model, at least; a `TwoStepModel` may want more.
        how: pictures are decoded; the store must be of this way.
        unseen: contents to decode and encode even if the store has them, since nothing is known of their pixels.
        on_traits: told what the pictures of a batch are like, before their features are stored.
        work: who reads and encodes; by default this process.

    Returns:
        The contents that are no picture, with the reason.

    Raises:
        DataError: if a file changed or vanished meanwhile, or the model makes features that are not finite; the image
            is named.
    """
    by_content = {image.content: image for image in images}
    absent = {*store.missing(list(by_content)), *unseen}
    missing = [image for content, image in by_content.items() if content in absent]
    if source.reader is not None and source.reader.in_order:
        missing.sort(key=lambda image: (image.path, image.row or 0))
    if not missing:
        return {}
    corrupt: dict[bytes, str] = {}
    report, done = on_progress or (lambda done, total: None), 0
    report(0, len(missing))
    with closing(_parts(work or HereEncoded(), source, missing, model, batch_size, how)) as parts:
        for part in parts:
            corrupt |= part.corrupt
            on_traits(part.traits)
            _check_finite(part, by_content, model)
            store.put(part.contents, part.features)
            done += len(part)
            report(done, len(missing))
    return corrupt


def _parts(
    work: ImageWork,
    source: ImageSource,
    images: Sequence[ImageFile],
    model: ImageTextModel,
    batch_size: int,
    how: Decoding,
) -> Generator[EncodedImages, None, None]:
    yield from work.encoded(source, images, model, batch_size, how)


class HereEncoded:
    """See `ImageWork`: by the model itself, in this process, batch by batch in order."""

    def encoded(
        self, source: ImageSource, images: Sequence[ImageFile], model: ImageTextModel, batch_size: int, how: Decoding
    ) -> Iterator[EncodedImages]:
        """See `ImageWork.encoded`."""
        if isinstance(model, TwoStepModel):
            batch_size = max(batch_size, model.image_batch)
        with quiet_pillow(), closing(_prepared(source, images, model, batch_size, how)) as ready:
            for _ in range(0, len(images), batch_size):
                batch = list(islice(ready, batch_size))
                for _, found in batch:
                    if isinstance(found, DataError):
                        raise found
                yield _encoded(batch, model)


def _encoded(batch: Sequence[Prepared], model: ImageTextModel) -> EncodedImages:
    whole = [(image, found) for (image, _), found in batch if not isinstance(found, str)]
    pictures = [found for _, found in whole]
    features = np.empty((0, model.width), dtype=np.float32)
    if pictures:
        features = model.encode_pixels(pictures) if isinstance(model, TwoStepModel) else model.encode_images(pictures)
    return EncodedImages(
        tuple(image.content for image, _ in whole),
        features,
        {image.content: found for (image, _), found in batch if isinstance(found, str)},
        {image.content: traits for (image, traits), _ in batch if traits is not None},
    )


def _check_finite(part: EncodedImages, by_content: Mapping[bytes, ImageFile], model: ImageTextModel) -> None:
    for content, vector in zip(part.contents, part.features, strict=True):
        if not np.isfinite(vector).all():
            raise DataError(
                f"the model {model.name} makes features of image {listed([by_content[content].id])} that are not "
                "finite; it overflows at this precision (try precision fp32), or the picture is very odd: leave it out"
            )


def _prepared(
    source: ImageSource, images: Sequence[ImageFile], model: ImageTextModel, batch_size: int, how: Decoding
) -> Generator[Prepared, None, None]:
    """The images in order, ready for the model, prepared some way ahead."""
    least_side = how.least_side(model.preprocessing)
    prepare, processes = Prepare(None, how.turned, least_side), 0
    if isinstance(model, TwoStepModel):
        prepare, processes = Prepare(model.preprocess, how.turned, least_side), model.decoding_processes
    done = 0
    if processes and len(images) >= FEWEST_FOR_PROCESSES and can_leave_process(prepare):
        try:
            for found in map_in_processes(prepare, _rows(source, images), processes):
                done += 1
                yield found
        except WorkersFailed as error:
            logging.getLogger(__name__).warning("images are decoded in threads from now on, which is slower: %s", error)
    yield from map_ahead(prepare, _rows(source, images[done:]), ahead=2 * batch_size, threads=max(2, processes))


def _rows(source: ImageSource, images: Sequence[ImageFile]) -> Iterator[tuple[ImageFile, Undecoded | None]]:
    if images:
        yield from zip(images, source.pictures(images), strict=True)
