"""Images encoded by Ray Data, a shard of them at a time on any worker of a cluster."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from evaluators.models.image_text_model import ImageTextModel, TwoStepModel
from prompt_search.cluster.connection import check_reachable, connected, reason_of
from prompt_search.cluster.encoding_worker import EncodingWorker, columns_of, part_in
from prompt_search.cluster.worker_model import WorkerModel
from prompt_search.cluster.worker_share import WorkerShare
from prompt_search.data.encoding.image_work import EncodedImages
from prompt_search.data.layouts.image_source import ImageFile, ImageSource, PictureReader
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.errors import ClusterError, DataError

__all__ = ["RayImages", "shards"]

BATCHES_PER_SHARD = 4
"""Enough that reading ahead pays, few enough that little is lost with a worker."""


def shards(images: Sequence[ImageFile], size: int, workers: int) -> list[Sequence[ImageFile]]:
    """Consecutive images in shards of at most `size`, and no larger than an equal share of each worker.

    >>> cat = ImageFile("cat/1.png", "cat", None, "/data/cat/1.png", size=3, mtime_ns=7)
    >>> [len(shard) for shard in shards([cat] * 10, 8, 3)]
    [4, 4, 2]
    """
    size = min(size, -(-len(images) // workers))
    return [images[start : start + size] for start in range(0, len(images), size)]


class RayImages:
    """See `ImageWork`: by actors of Ray Data, one per GPU, or per share of the processors where there is none.

    Every shard comes back as soon as it is encoded, and is stored by the driver; what is stored is not done again. A
    shard whose worker died is done by another.

    Args:
        engine: which cluster; joined when there is something to encode, and left when that is done.

    Raises:
        ClusterError: if nothing answers at the address.

    Attributes:
        by_worker: images encoded so far, by worker.
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine
        check_reachable(engine)
        self.by_worker: Counter[str] = Counter()

    def encoded(
        self, source: ImageSource, images: Sequence[ImageFile], model: ImageTextModel, batch_size: int, how: Decoding
    ) -> Iterator[EncodedImages]:
        """See `ImageWork.encoded`.

        Raises:
            ClusterError: if the cluster can't go on.
            DataError: also where the images lie in an object that can't be sent to workers.
        """
        with connected(self._engine):
            yield from self._encoded(source, images, model, batch_size, how)

    def _encoded(
        self, source: ImageSource, images: Sequence[ImageFile], model: ImageTextModel, batch_size: int, how: Decoding
    ) -> Iterator[EncodedImages]:
        import ray

        share = WorkerShare.of(node["Resources"] for node in ray.nodes() if node["Alive"])
        if isinstance(model, TwoStepModel):
            batch_size = max(batch_size, model.image_batch)
        arguments = {
            "model": WorkerModel.of(model),
            "reader": _sent(source.reader),
            "device": "cuda" if share.gpus else "cpu",
            "threads": share.cpus,
            "batch_size": batch_size,
            "how": how,
        }
        parts = shards(images, BATCHES_PER_SHARD * batch_size, share.workers)
        try:
            for columns in _mapped(parts, arguments, share):
                part = part_in(columns)
                self.by_worker[str(columns["worker"][0])] += len(part)
                yield part
        except ray.exceptions.RayError as error:
            raise ClusterError(
                f"the Ray cluster can't go on encoding: {reason_of(error)}; what is encoded is stored: give the same "
                "command again to continue"
            ) from error


def _mapped(parts: Sequence[Sequence[ImageFile]], arguments: dict[str, Any], share: WorkerShare) -> Iterator[Any]:
    """The columns that workers make of every shard, as they are done."""
    import pyarrow
    import ray.data

    blocks = [pyarrow.table(columns_of(part)) for part in parts]
    workers = ray.data.ActorPoolStrategy(min_size=1, max_size=min(share.workers, len(blocks)))
    encoded = ray.data.from_arrow(blocks).map_batches(
        EncodingWorker,
        fn_constructor_kwargs=arguments,
        batch_size=None,
        compute=workers,
        num_cpus=share.cpus,
        num_gpus=share.gpus,
    )
    return iter(encoded.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0))


def _sent(reader: PictureReader | None) -> Callable[[], PictureReader] | None:
    """Sent once to every node, however many workers it has."""
    if reader is None:
        return None
    import ray

    try:
        place = ray.put(reader)
    except (TypeError, AttributeError, ValueError) as error:
        raise DataError(
            f"these images are read by something of this process that can't be sent to other machines ({error}); "
            "write them to files that all machines see, or leave --engine out"
        ) from error
    return lambda: ray.get(place)
