"""Candidates scored, and texts encoded, by actors of a Ray cluster."""

import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.errors import InputError, ModelError
from evaluators.models.devices import product_devices
from evaluators.models.image_text_model import FloatArray, ImageTextModel
from evaluators.models.shared_out_model import FEWEST_TEXTS, encode_in_shares
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.products import CandidateBatch, images_per_product
from evaluators.scoring.working_memory import is_out_of_memory
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

SECONDS_TO_START = 300.0
"""Within which an actor must be there; the others do its work."""

TRIES = 4
"""Workers that one piece of work may cost: what kills so many is no accident."""

Work = Callable[[Any], Any]
"""Gives an actor a piece of work; what comes back is the place of the outcome."""


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
        self.actors: list[Any] = []
        """Of `ScoringActor`: those that were there when last looked at."""
        self._coming: list[tuple[Any, Any]] = []
        self._make: Callable[[], Any] | None = None
        self._device = "cpu"

    def __enter__(self) -> "RayScoring":
        return self

    def __exit__(self, *error: object) -> None:
        self.actors, self._coming = [], []
        self._open.close()

    def share_out(self, images: LabeledImages) -> "RayShares | None":
        """The images of a split, shared out; `None` if they are few.

        Raises:
            ClusterError: if there is no cluster, or none of its workers comes to life.
        """
        if len(images) < self._fewest:
            return None
        self._start()
        return RayShares(self, images, images_per_product(self._device))

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D].

        So few that sharing them out gains nothing are encoded here, if this process has the workers' kind of device.

        Raises:
            ClusterError: as above, or if the cluster can't go on.
            ModelError: if an actor can't load the model.
        """
        if len(texts) < 2 * FEWEST_TEXTS and not self._elsewhere():
            return self._model.encode_texts(texts)
        self._start()
        return encode_in_shares(
            texts, len(self.actors), lambda shares: self.done(list(map(_texts_for, shares)), "encoding texts")
        )

    def done(self, work: Sequence[Work], doing: str) -> list[Any]:
        """The outcome of every piece of work, each done by one of the actors; what a dead one had is done by others.

        Raises:
            ClusterError: if the cluster can't go on.
            InputError: that a worker met.
            Exception: what says that a device has too little memory.
        """
        import ray

        self._look(wanted=0 if self.actors else 1)
        outcome, tries = dict[int, Any](), [0] * len(work)
        given = {work[i](actor := self.actors[i % len(self.actors)]): (i, actor) for i in range(len(work))}
        while given:
            (place,), _ = ray.wait(list(given), num_returns=1)
            i, actor = given.pop(place)
            try:
                outcome[i] = ray.get(place)
            except ray.exceptions.RayActorError as error:
                tries[i] += 1
                self._lose(actor)
                if tries[i] == TRIES:
                    raise self._ended(doing, error) from error
                self._look(wanted=0 if self.actors else 1)
                other = self.actors[tries[i] % len(self.actors)]
                given[work[i](other)] = i, other
            except ray.exceptions.RayError as error:
                if isinstance(cause := getattr(error, "cause", None), InputError):
                    raise cause from error
                if is_out_of_memory(error):
                    raise
                raise self._ended(doing, error) from error
        return [outcome[i] for i in range(len(work))]

    def _ended(self, doing: str, error: Exception) -> ClusterError:
        return ClusterError(
            f"the Ray cluster can't go on {doing}: {reason_of(error)}; give the same command again to continue"
        )

    def _elsewhere(self) -> bool:
        """Whether the workers have another kind of device than this process, which rounds differently."""
        here = product_devices(self._model)[0].partition(":")[0]
        return bool(self.actors) and here != self._device

    def _start(self) -> None:
        import ray

        if self._make is not None:
            return
        self._open.enter_context(connected(self._engine))
        share = WorkerShare.of(node["Resources"] for node in ray.nodes() if node["Alive"])
        self._device = "cuda" if share.gpus else "cpu"
        # On processors an actor asks for nothing, so that there is always room for another.
        kind = ray.remote(ScoringActor).options(num_cpus=0, num_gpus=share.gpus, scheduling_strategy="SPREAD")
        try:
            model = ray.put(WorkerModel.of(self._model))
        except (TypeError, AttributeError, ValueError) as error:
            raise ModelError(
                f"the model {self._model.name!r} can't be sent to other machines ({error}); leave --engine out"
            ) from error
        self._make = lambda: kind.remote([model], self._device, share.cpus)
        for _ in range(share.workers):
            self._call_another()
        self._look(wanted=share.workers)

    def _call_another(self) -> None:
        import ray

        assert self._make is not None
        actor = self._make()
        self._open.callback(ray.kill, actor)
        self._coming.append((actor, actor.__ray_ready__.remote()))

    def _lose(self, actor: Any) -> None:  # noqa: ANN401 - Ray has no type for it
        if actor in self.actors:
            self.actors.remove(actor)
            self._call_another()

    def _look(self, wanted: int) -> None:
        """See which of those that were called are there; wait for so many of them, but not for ever.

        Raises:
            ClusterError: if there is no actor at all.
        """
        import ray

        ready = [each for _, each in self._coming]
        if ready:
            patience = SECONDS_TO_START if wanted else 0
            there, _ = ray.wait(ready, num_returns=max(1, wanted), timeout=patience)
            for actor, each in list(self._coming):
                if each in there:
                    self._coming.remove((actor, each))
                    self._take(actor, each)
        if not self.actors:
            raise ClusterError(
                f"no worker of the Ray cluster came to life within {SECONDS_TO_START:.0f} s; `ray status` says what "
                "the cluster has left: other jobs may hold its GPUs"
            )

    def _take(self, actor: Any, ready: Any) -> None:  # noqa: ANN401 - Ray has no types for these
        import ray

        try:
            ray.get(ready)
        except ray.exceptions.RayActorError:
            return
        self.actors.append(actor)


class RayShares:
    """See `evaluators.scoring.image_shares.ImageShares`.

    Args:
        scoring: whose actors do the work; any of them can do any share.
        images: of a split.
        chunk: images of one product; a share is a multiple of it.
    """

    def __init__(self, scoring: RayScoring, images: LabeledImages, chunk: int) -> None:
        import ray

        self._scoring = scoring
        chunks = -(-len(images) // chunk)
        used = min(len(scoring.actors), chunks)
        ends = [min(len(images), chunk * (chunks * i // used)) for i in range(used + 1)]
        # What the driver has put there outlives every worker.
        self._shares = [(ray.put(_part(images, slice(*ends[i : i + 2]))), str(uuid.uuid4())) for i in range(used)]

    def statistics(
        self, batch: CandidateBatch, lower: "NDArray[np.float64]", scale: float, figures: Collection[str]
    ) -> ImageStatistics:
        """The sum over the shares.

        Raises:
            ClusterError: if the cluster can't go on.
        """
        import ray

        sent = ray.put(CandidateBatch(np.stack(batch.columns), batch.index))  # type: ignore[arg-type] # one array
        wanted = tuple(figures)
        work = [_share_for(share, key, sent, lower, scale, wanted) for share, key in self._shares]
        return ImageStatistics.together(self._scoring.done(work, "scoring"))


def _share_for(share: object, key: str, *others: object) -> Work:
    return lambda actor: actor.statistics.remote([share], key, *others)


def _texts_for(texts: list[str]) -> Work:
    return lambda actor: actor.encode_texts.remote(texts)


def _part(images: LabeledImages, part: slice) -> tuple[FloatArray, "NDArray[np.int64]", tuple[str, ...]]:
    return np.array(images.embeddings[part], dtype=np.float32), np.array(images.labels[part]), images.class_ids
