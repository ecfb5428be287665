"""What a worker of a cluster does with its share of the images, and with texts: the work of one machine."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.models.image_text_model import FloatArray, ImageTextModel
from evaluators.scoring.batch_statistics import shard_statistics
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.products import CandidateBatch, Products
from prompt_search.cluster.worker_model import WorkerModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ScoringActor"]

KEPT_ON_A_GPU = 2**32
"""Bytes of a share's features that stay there."""

SHARES_REMEMBERED = 4
"""One of every split."""


class ScoringActor:
    """Scores candidates on shares of images, and encodes texts. What it remembers only saves time: it may begin anew.

    Args:
        model: how to get it, for texts.
        device: `cpu` or `cuda`.
        threads: of torch on a CPU; 0 for as many as it likes.
    """

    def __init__(self, model: WorkerModel, device: str, threads: int) -> None:
        import torch

        if threads:
            torch.set_num_threads(threads)
        self._device, self._named = device, model
        self._model: ImageTextModel | None = None
        self._products: OrderedDict[str, Products] = OrderedDict()

    def statistics(
        self, images: LabeledImages, key: str, batch: CandidateBatch, lower: "NDArray[np.float64]", scale: float,
        chunk: int, figures: Collection[str],
    ) -> ImageStatistics:  # fmt: skip
        """The statistics of P candidates over a share of the images, which `key` tells from others."""
        products = self._products.pop(key, None) or Products(images, self._device, "fp32", KEPT_ON_A_GPU)
        self._products[key] = products
        while len(self._products) > SHARES_REMEMBERED:
            self._products.popitem(last=False)
        return shard_statistics(batch, products, slice(0, len(images)), scale, lower, chunk, figures=figures)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D].

        Raises:
            ModelError: if the model can't be loaded here, or has other weights here.
        """
        if self._model is None:
            self._model = self._named.load(self._device)
        return self._model.encode_texts(texts)
