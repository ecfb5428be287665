"""Batches of texts for a text tower: grouped by length, cut to it, always of one shape per length.

The last bits of a matrix product depend on the shapes of its factors. With one batch size for every length, a text
gets the same features bit for bit whatever is encoded beside it, so that a resumed run scores as the first would have.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

__all__ = ["BATCH", "text_batches"]

BATCH = 16
"""Texts per batch: enough to use a CPU well, few enough that ten new texts waste little."""

LENGTH_STEP = 4


def text_batches(tokens: "torch.Tensor", full_length: int | None) -> Iterator[tuple[list[int], int]]:
    """Split token rows [T, L] into batches of at most `BATCH` texts of about one length.

    Args:
        tokens: token ids, each row ending in a run of one padding id.
        full_length: encode every text at this length; `None` cuts a text to its own length, rounded up to a multiple
            of 4.

    Yields:
        The rows of a batch, and the length to encode them at.
    """
    lengths = _lengths(tokens) if full_length is None else np.full(len(tokens), full_length)
    for length in np.unique(lengths):
        rows = [int(row) for row in np.flatnonzero(lengths == length)]
        for start in range(0, len(rows), BATCH):
            yield rows[start : start + BATCH], int(length)


def _lengths(tokens: "torch.Tensor") -> NDArray[np.int64]:
    """Tokens up to and including the end-of-text token, rounded up.

    The padding begins where a row stops changing, which needs no knowledge of which id is which. One token of it
    counts, since a row without padding ends with a change too.
    """
    ids = tokens.numpy()
    width = ids.shape[1]
    changes = ids[:, 1:] != ids[:, :-1]
    last_change = width - 1 - np.argmax(changes[:, ::-1], axis=1)
    real = np.where(changes.any(axis=1), last_change + 1, 1)
    rounded: NDArray[np.int64] = np.minimum(-(-real // LENGTH_STEP) * LENGTH_STEP, width).astype(np.int64)
    return rounded
