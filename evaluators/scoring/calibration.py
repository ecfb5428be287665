"""Whether a classifier is as sure as it is right: the expected calibration error."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray

__all__ = ["BINS", "calibration_errors"]

BINS = 15


def calibration_errors(images: Iterable[tuple[FloatArray, NDArray[np.int64]]], scales: Sequence[float]) -> list[float]:
    """At each logit scale the expected calibration error in [0, 1] (Naeini et al. 2015; 15 bins as in Guo et al. 2017).

    Images are put into bins of equal width by the probability of their prediction; the error is the mean difference of
    that probability and the share of right ones, weighted by images. A tie is not right.

    Args:
        images: some at a time, their cosines [n, C], or whatever the scale is multiplied with, and labels [n].
        scales: of softmax(scale * cosine).

    >>> cosines = np.array([[0.02, 0.0], [0.0, 0.02], [0.02, 0.0], [0.02, 0.0]], dtype=np.float32)
    >>> images = [(cosines, np.array([0, 1, 0, 1]))]
    >>> [round(error, 2) for error in calibration_errors(images, [100.0, 55.0])]
    [0.13, 0.0]
    """
    found = [_sureness(cosines, labels, scales) for cosines, labels in images]
    sureness = np.concatenate([each for each, _ in found], axis=1)
    right = np.concatenate([each for _, each in found])
    return [_error(row, right) for row in sureness]


def _sureness(
    cosines: FloatArray, labels: NDArray[np.int64], scales: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability of the prediction at each scale [scales, n], and whether it is right [n]."""
    predicted = cosines.argmax(axis=1)[:, None]
    right = (cosines >= np.take_along_axis(cosines, labels[:, None], axis=1)).sum(axis=1) == 1
    sureness = np.empty((len(scales), len(labels)))
    for row, scale in zip(sureness, scales, strict=True):
        logits = scale * cosines.astype(np.float64)
        logits -= np.take_along_axis(logits, predicted, axis=1)
        row[:] = 1 / np.exp(logits, out=logits).sum(axis=1)
    return sureness, right


def _error(sureness: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    bins = np.minimum((sureness * BINS).astype(np.int64), BINS - 1)
    excess = np.bincount(bins, sureness - right, BINS)
    return float(np.abs(excess).sum() / len(right))
