"""Whether a classifier is as sure as it is right: the expected calibration error."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray

__all__ = ["BINS", "calibration_errors"]

BINS = 15


def calibration_errors(cosines: FloatArray, labels: NDArray[np.int64], scales: Sequence[float]) -> list[float]:
    """At each logit scale the expected calibration error in [0, 1] (Naeini et al. 2015; 15 bins as in Guo et al. 2017).

    Images are put into bins of equal width by the probability of their prediction; the error is the mean difference of
    that probability and the share of right ones, weighted by images. A tie is not right.

    Args:
        cosines: [N, C], or whatever the scale is multiplied with.
        labels: [N] in [0, C).
        scales: of softmax(scale * cosine).

    >>> cosines = np.array([[0.02, 0.0], [0.0, 0.02], [0.02, 0.0], [0.02, 0.0]], dtype=np.float32)
    >>> [round(error, 2) for error in calibration_errors(cosines, np.array([0, 1, 0, 1]), [100.0, 55.0])]
    [0.13, 0.0]
    """
    order = np.argsort(-cosines, axis=1, kind="stable")[:, 0]
    own = np.take_along_axis(cosines, labels[:, None], axis=1)
    right = (cosines >= own).sum(axis=1) == 1
    return [_error(_sureness(cosines, order, scale), right) for scale in scales]


def _sureness(cosines: FloatArray, predicted: NDArray[np.int64], scale: float) -> NDArray[np.float64]:
    """[N] the probability of the prediction."""
    logits = scale * cosines.astype(np.float64)
    logits -= np.take_along_axis(logits, predicted[:, None], axis=1)
    return np.asarray(1 / np.exp(logits).sum(axis=1))


def _error(sureness: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    bins = np.minimum((sureness * BINS).astype(np.int64), BINS - 1)
    excess = np.bincount(bins, sureness - right, BINS)
    return float(np.abs(excess).sum() / len(right))
