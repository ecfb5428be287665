"""What a worker of a cluster does with its share of the images, and with texts: the work of one machine."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.models.image_text_model import FloatArray, ImageTextModel
from evaluators.scoring.batch_statistics import shard_statistics
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.products import CandidateBatch, Products, images_per_product

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ScoringActor"]

KEPT_ON_A_GPU = 2**32
"""Bytes of a share's features that stay there."""

SHARES_REMEMBERED = 8
"""One of every split, and some of other actors that died."""


class ScoringActor:
    """Scores candidates on shares of images, and encodes texts. What it remembers only saves time: it may begin anew.

    Args:
        model: where a `WorkerModel` is in Ray's object store, in a list, so that it is fetched only if it is needed.
        device: `cpu` or `cuda`.
        threads: of torch on a CPU; 0 for as many as it likes.
    """

    def __init__(self, model: Sequence[Any], device: str, threads: int) -> None:
        import torch

        if threads:
            torch.set_num_threads(threads)
        self._device, self._named = device, model
        self._model: ImageTextModel | None = None
        self._products: OrderedDict[str, Products] = OrderedDict()

    def statistics(
        self, share: Sequence[Any], key: str, batch: CandidateBatch, lower: "NDArray[np.float64]", scale: float,
        figures: Collection[str],
    ) -> ImageStatistics:  # fmt: skip
        """The statistics of P candidates over a share of the images, which `key` tells from others.

        Args:
            share: where its embeddings, labels and class ids are, in a list.
        """
        products = self._products.pop(key, None) or self._fetched(share)
        self._products[key] = products
        while len(self._products) > SHARES_REMEMBERED:
            self._products.popitem(last=False)
        whole, chunk = slice(0, products.n_images), images_per_product(self._device)
        return shard_statistics(batch, products, whole, scale, lower, chunk, figures=figures)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D].

        Raises:
            ModelError: if the model can't be loaded here, or has other weights here.
        """
        import ray

        if self._model is None:
            self._model = ray.get(self._named[0]).load(self._device)
        return self._model.encode_texts(texts)

    def _fetched(self, share: Sequence[Any]) -> Products:
        import ray

        embeddings, labels, class_ids = ray.get(share[0])
        images = LabeledImages(embeddings, labels, class_ids, tuple(map(str, range(len(labels)))))
        return Products(images, self._device, "fp32", KEPT_ON_A_GPU)
