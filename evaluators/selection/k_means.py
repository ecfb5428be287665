"""K-means clustering of a few hundred vectors, the same in every process."""

import numpy as np

from evaluators.models.image_text_model import FloatArray

__all__ = ["k_means"]

ROUNDS = 50


def k_means(points: FloatArray, k: int) -> tuple[int, ...]:
    """The cluster, in [0, k), of every point [n, D] (Lloyd 1982, "Least squares quantization in PCM").

    Starts from the farthest-first traversal from point 0 (Gonzalez 1985), so it draws nothing at random. With k >= n
    every point is a cluster of its own.

    >>> k_means(np.array([[0.0, 1.0], [0.0, 0.9], [1.0, 0.0]], dtype=np.float32), 2)
    (0, 0, 1)
    """
    x = points.astype(np.float64)
    if k >= len(x):
        return tuple(range(len(x)))
    centres = x[_farthest_first(x, k)]
    nearest = np.zeros(len(x), dtype=np.int64)
    for _ in range(ROUNDS):
        squared = ((x[:, None, :] - centres[None]) ** 2).sum(axis=2)
        before, nearest = nearest, squared.argmin(axis=1)
        for cluster in range(k):
            if (nearest == cluster).any():
                centres[cluster] = x[nearest == cluster].mean(axis=0)
        if (nearest == before).all():
            break
    return tuple(int(cluster) for cluster in nearest)


def _farthest_first(x: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", k: int) -> list[int]:
    chosen = [0]
    distance = ((x - x[0]) ** 2).sum(axis=1)
    while len(chosen) < k:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, ((x - x[chosen[-1]]) ** 2).sum(axis=1))
    return chosen
