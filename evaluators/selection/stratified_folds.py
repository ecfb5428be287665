"""Images dealt into folds, class by class, for cross-validation inside a split."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["fold_count", "stratified_folds"]

MOST_FOLDS = 5


def fold_count(labels: NDArray[np.int64]) -> int:
    """How many folds these images [N] allow: as many as the smallest class that has any, from 2 to 5.

    0 where no class has two images: whatever is held out is then a class that is not known.

    >>> [fold_count(np.array(labels)) for labels in ([0, 1], [0, 0, 0, 1, 1, 1], [0] * 9 + [1])]
    [0, 3, 2]
    """
    counts = np.bincount(labels)
    if counts.max(initial=0) < 2:
        return 0
    return int(np.clip(counts[counts > 0].min(), 2, MOST_FOLDS))


def stratified_folds(labels: NDArray[np.int64], k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold [N], in [0, k), of every image: as many in each, and of each class as nearly the same number.

    >>> folds = stratified_folds(np.array([0, 0, 0, 0, 1, 1]), 2, np.random.default_rng(0))
    >>> [np.bincount(folds[:4]).tolist(), np.bincount(folds[4:]).tolist()]
    [[2, 2], [1, 1]]
    """
    order = rng.permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[by_class] = np.arange(len(labels)) % k  # each class goes on where the last ended: folds of one size
    return folds
