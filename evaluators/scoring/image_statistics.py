"""What is known of every image under one prompt set, and the score made of it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.scale_window import ScaleWindows
from evaluators.scoring.score import Score

__all__ = ["ImageStatistics"]


@dataclass(frozen=True, slots=True, eq=False)
class ImageStatistics:
    """Per image [n], and the probabilities of C classes over the images; shards of a split add up with `+`.

    Figures of images are kept one by one until the end, so a mean does not depend on how the images were sharded.

    Attributes:
        labels: [n] in [0, C).
        ranks: [n] how many other logits are greater than or equal to the label's.
        predicted: [n] the label if it ranks first, else the first of the best other classes.
        margins: [n] cosine of the label minus the best other.
        cross_entropies: [n] in nats.
        entropies: [n] of the softmax, in nats.
        probabilities: [C] float64, the softmax summed over the images.
        windows: cross-entropies at other scales, summed over the images.
    """

    labels: NDArray[np.int64]
    ranks: NDArray[np.int32]
    predicted: NDArray[np.int32]
    margins: FloatArray
    cross_entropies: FloatArray
    entropies: FloatArray
    probabilities: NDArray[np.float64]
    windows: ScaleWindows

    def __add__(self, other: "ImageStatistics") -> "ImageStatistics":
        *per_image, _, _ = (f.name for f in fields(self))
        images = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in per_image}
        probabilities, windows = self.probabilities + other.probabilities, self.windows + other.windows
        return ImageStatistics(**images, probabilities=probabilities, windows=windows)

    def score(self, redundancy: float) -> Score:
        """The figures over all images."""
        n, classes = len(self.labels), len(self.probabilities)
        images = np.bincount(self.labels, minlength=classes)
        right = self.ranks == 0
        mean = self.probabilities / n
        fitted, fitted_scale = self.windows.minimum(n, classes)
        return Score(
            n=n,
            top1=_rounded(right.sum() / n),
            top5=_rounded((self.ranks < 5).sum() / n) if classes > 5 else None,
            cross_entropy=_rounded(self.cross_entropies.sum(dtype=np.float64) / n),
            fitted_cross_entropy=_rounded(fitted),
            fitted_scale=_rounded(fitted_scale),
            margin=_rounded(self.margins.sum(dtype=np.float64) / n),
            prediction_entropy=_rounded(self.entropies.sum(dtype=np.float64) / n),
            marginal_entropy=_rounded(-(mean * np.log(np.maximum(mean, 1e-300))).sum()),
            redundancy=_rounded(redundancy),
            recall=_means(np.bincount(self.labels[right], minlength=classes), images),
            class_cross_entropy=_means(np.bincount(self.labels, self.cross_entropies, classes), images),
            confusions=_confusions(self.labels[~right], self.predicted[~right], classes),
        )


def _rounded(value: float) -> float:
    return round(float(value), 6) + 0.0  # no negative zero


def _means(totals: "NDArray[np.float64 | np.int64]", images: NDArray[np.int64]) -> tuple[float | None, ...]:
    pairs: Iterable[tuple[float, int]] = zip(totals.tolist(), images.tolist(), strict=True)
    return tuple(round(total / n, 6) + 0.0 if n else None for total, n in pairs)


def _confusions(
    labels: NDArray[np.int64], predicted: NDArray[np.int32], classes: int
) -> tuple[tuple[int, int, int], ...]:
    pairs, counts = np.unique(labels * classes + predicted, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    columns = (pairs[order] // classes, pairs[order] % classes, counts[order])
    return tuple(zip(*(column.tolist() for column in columns), strict=True))
