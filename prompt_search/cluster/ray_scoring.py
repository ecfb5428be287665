"""Candidates scored, and texts encoded, by actors of a Ray cluster."""

import uuid
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.errors import InputError
from evaluators.models.image_text_model import FloatArray, ImageTextModel
from evaluators.models.shared_out_model import FEWEST_TEXTS
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.products import CandidateBatch, images_per_product
from prompt_search.cluster.connection import connected, reason_of
from prompt_search.cluster.scoring_actor import ScoringActor
from prompt_search.cluster.worker_model import WorkerModel
from prompt_search.cluster.worker_share import WorkerShare
from prompt_search.errors import ClusterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RayScoring", "RayShares"]

FEWEST_IMAGES = 8192
"""Of a split: on fewer, sending candidates takes longer than scoring them here."""

SHARE_OF_A_GPU = 0.25
"""An actor asks for no more, so that those of a node that died find room on the others."""


class RayScoring:
    """Actors on every worker of a cluster, from when they are first needed to the end of the block.

    Args:
        engine: which cluster.
        model: that the run's texts are encoded with.
        fewest_images: of a split that is shared out.
    """

    def __init__(self, engine: str, model: ImageTextModel, fewest_images: int = FEWEST_IMAGES) -> None:
        self._engine, self._model, self._fewest = engine, model, fewest_images
        self._open = ExitStack()
        self._actors: list[Any] = []
        self._device = "cpu"

    def __enter__(self) -> "RayScoring":
        return self

    def __exit__(self, *error: object) -> None:
        self._actors = []
        self._open.close()

    @property
    def actors(self) -> Sequence[Any]:
        """Of `ScoringActor`, at least one.

        Raises:
            ClusterError: if there is no cluster.
        """
        if not self._actors:
            self._start()
        return self._actors

    def _start(self) -> None:
        import ray

        self._open.enter_context(connected(self._engine))
        share = WorkerShare.of(node["Resources"] for node in ray.nodes() if node["Alive"])
        self._device = "cuda" if share.gpus else "cpu"
        kind = ray.remote(ScoringActor).options(
            # Ray makes a dead one anew, wherever there is room, and gives it its work again.
            max_restarts=-1,
            max_task_retries=-1,
            num_cpus=0,
            num_gpus=SHARE_OF_A_GPU if share.gpus else 0,
            scheduling_strategy="SPREAD",
        )
        for _ in range(share.workers):
            actor = kind.remote(WorkerModel.of(self._model), self._device, share.cpus)
            self._open.callback(ray.kill, actor)
            self._actors.append(actor)

    def share_out(self, images: LabeledImages) -> "RayShares | None":
        """The images of a split, shared out; `None` if they are few."""
        if len(images) < self._fewest:
            return None
        return RayShares(self.actors, images, images_per_product(self._device))

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D]; of so few texts that sharing them out gains nothing, made here.

        Raises:
            ClusterError: if the cluster can't go on.
            ModelError: if an actor can't load the model.
        """
        shares = len(texts) // FEWEST_TEXTS
        shares = min(len(self.actors), shares) if shares > 1 else 1
        if shares == 1:
            return self._model.encode_texts(texts)
        # Every n-th text to each, so that all get texts of all lengths.
        calls = [actor.encode_texts.remote(list(texts[i::shares])) for i, actor in enumerate(self.actors[:shares])]
        parts = _got(calls, "encoding texts")
        features = np.empty((len(texts), parts[0].shape[1]), dtype=np.float32)
        for i, part in enumerate(parts):
            features[i::shares] = part
        return features


class RayShares:
    """See `evaluators.scoring.image_shares.ImageShares`."""

    def __init__(self, actors: Sequence[Any], images: LabeledImages, chunk: int) -> None:
        import ray

        chunks = -(-len(images) // chunk)
        used = min(len(actors), chunks)
        ends = [min(len(images), chunk * (chunks * i // used)) for i in range(used + 1)]
        self._actors = actors[:used]
        # What the driver has put there outlives every worker.
        self._shares = [(ray.put(_part(images, slice(*ends[i : i + 2]))), f"{uuid.uuid4()}") for i in range(used)]

    def statistics(
        self, batch: CandidateBatch, lower: "NDArray[np.float64]", scale: float, chunk: int, figures: Collection[str]
    ) -> ImageStatistics:
        """The sum over the shares.

        Raises:
            ClusterError: if the cluster can't go on.
        """
        import ray

        sent = ray.put(CandidateBatch(list(np.stack(batch.columns)), batch.index))
        calls = [
            actor.statistics.remote(images, key, sent, lower, scale, chunk, tuple(figures))
            for actor, (images, key) in zip(self._actors, self._shares, strict=True)
        ]
        parts: list[ImageStatistics] = _got(calls, "scoring")
        return reduce(add, parts)


def _part(images: LabeledImages, part: slice) -> LabeledImages:
    return LabeledImages(
        np.array(images.embeddings[part], dtype=np.float32),
        np.array(images.labels[part]),
        images.class_ids,
        images.image_ids[part],
    )


def _got(calls: Sequence[Any], doing: str) -> list[Any]:
    import ray

    try:
        found: list[Any] = ray.get(list(calls))
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, InputError):
            raise error.cause from error
        raise
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"the Ray cluster can't go on {doing}: {reason_of(error)}; give the same command again to continue"
        ) from error
    return found
