"""The logit scale at which one classifier's cross-entropy is least, where its cosines are at hand.

`evaluators.scoring.fitted_scale` finds it for many prompt sets whose logits are never kept.
"""

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.scale_window import scale_range

__all__ = ["best_scale", "cross_entropies"]

GOLDEN = (5**0.5 - 1) / 2
NUMBERS_AT_ONCE = 2**20
CLOSE_ENOUGH = 0.01
"""Of the logarithm of the scale: the cross-entropy is then within about 1e-5 of its least value."""


def cross_entropies(cosines: FloatArray, labels: NDArray[np.int64], scale: float) -> NDArray[np.float64]:
    """Per image -log softmax(scale * cosine)[label], in nats: [N, C] and [N] to [N]."""
    step = max(1, NUMBERS_AT_ONCE // cosines.shape[1])
    parts = range(0, len(labels), step)
    return np.concatenate(
        [_of_some(cosines[at : at + step], labels[at : at + step], scale) for at in parts] or [np.zeros(0)]
    )


def best_scale(cosines: FloatArray, labels: NDArray[np.int64], scale: float) -> float:
    """Where these cosines [N, C] have the lowest cross-entropy, in `scale_range(scale)`.

    The cross-entropy is convex in the scale; golden section over its logarithm.

    >>> cosines = np.array([[0.3, 0.2], [0.3, 0.2], [0.2, 0.3], [0.3, 0.2]], dtype=np.float32)
    >>> round(best_scale(cosines, np.array([0, 0, 1, 1]), 10.0), 1)  # three of four right: log 3 over a tenth
    11.0
    """
    low, high = np.log(scale_range(scale))

    def value(at: float) -> float:
        return float(cross_entropies(cosines, labels, float(np.exp(at))).mean())

    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = value(left), value(right)
    while high - low > CLOSE_ENOUGH:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = value(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = value(right)
    return float(np.exp((low + high) / 2))


def _of_some(cosines: FloatArray, labels: NDArray[np.int64], scale: float) -> NDArray[np.float64]:
    logits = scale * cosines.astype(np.float64)
    top = logits.max(axis=1)
    total = np.log(np.exp(logits - top[:, None]).sum(axis=1)) + top
    own: NDArray[np.float64] = total - logits[np.arange(len(labels)), labels]
    return own
