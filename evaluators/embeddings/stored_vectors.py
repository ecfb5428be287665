"""Vectors that stay on disk until they are asked for."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from evaluators.models.image_text_model import FloatArray

__all__ = ["StoredVectors"]


class StoredVectors:
    """Chosen rows of vectors on disk, as a read-only array [N, D] that is read part by part.

    `stored[a:b]` copies these rows into memory, as float32 whatever they are stored as. So N may be larger than memory
    holds. `numpy.asarray(stored)` reads them all.

    Args:
        vectors: [M, D], memory-mapped, float32 or float16.
        rows: [N], indices into `vectors`.

    >>> stored = StoredVectors(np.eye(3, dtype=np.float32), np.array([2, 0]))
    >>> stored.shape, stored[1:].tolist()
    ((2, 3), [[1.0, 0.0, 0.0]])
    """

    ndim = 2
    dtype = np.dtype(np.float32)

    def __init__(self, vectors: "NDArray[np.float32 | np.float16]", rows: NDArray[np.int64]) -> None:
        self._vectors = vectors
        self._rows = rows

    @property
    def shape(self) -> tuple[int, int]:
        """N and D."""
        return len(self._rows), int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> FloatArray:
        """Some of the N rows, in memory."""
        return np.asarray(self._vectors[self._rows[rows]], dtype=np.float32)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> "NDArray[np.float32]":
        """All N rows, in memory."""
        return np.asarray(self[:], dtype=dtype)
