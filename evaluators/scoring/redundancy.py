"""How much the class embeddings of a prompt set resemble each other."""

from collections.abc import Sequence

import numpy as np

from evaluators.models.image_text_model import FloatArray

__all__ = ["redundancies"]

NUMBERS_AT_ONCE = 2**20


def redundancies(sets: Sequence[Sequence[FloatArray]]) -> list[float]:
    """R = || triu(T T^t - I) ||_F of every set's class embeddings T, C times [D] (Qu et al. 2025, ProAPO).

    >>> one, other = np.array([1.0, 0.0], dtype=np.float32), np.array([0.6, 0.8], dtype=np.float32)
    >>> [round(r, 6) for r in redundancies([[one, other], [one, one]])]
    [0.6, 1.0]
    """
    import torch

    found: list[float] = []
    step = max(1, NUMBERS_AT_ONCE // (len(sets[0]) * len(sets[0][0])))
    for start in range(0, len(sets), step):
        embeddings = torch.from_numpy(np.array(sets[start : start + step], dtype=np.float64))
        squared = torch.bmm(embeddings, embeddings.mT).square_()
        twice = squared.sum((1, 2)) - squared.diagonal(dim1=1, dim2=2).sum(1)
        found += (twice / 2).clamp_min(0).sqrt().tolist()
    return found
