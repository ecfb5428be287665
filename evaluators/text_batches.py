"""Batches of texts for a text tower: sorted by length, cut to the longest, bounded by tokens."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["text_batches"]

TOKENS_PER_BATCH = 8192


def text_batches(tokens: "torch.Tensor", full_length: int | None) -> Iterator[tuple[list[int], int]]:
    """Split token rows [T, L] into batches of at most about 8,192 tokens.

    Args:
        tokens: token ids, each row ending in a run of one padding id.
        full_length: encode every text at this length; `None` cuts each batch to its longest text.

    Yields:
        The rows of a batch, and the length to encode them at.
    """
    lengths = _lengths(tokens) if full_length is None else np.full(len(tokens), full_length)
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * lengths[order[end]] <= TOKENS_PER_BATCH:
            end += 1
        batch = [int(row) for row in order[start:end]]
        yield batch, int(lengths[order[end - 1]])
        start = end


def _lengths(tokens: "torch.Tensor") -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Tokens up to and including the end-of-text token, and one of the padding behind it where there is any.

    The padding begins where a row stops changing, so one token of it may count: harmless, and it needs no
    knowledge of which id is which.
    """
    ids = tokens.numpy()
    changes = ids[:, 1:] != ids[:, :-1]
    width = ids.shape[1]
    last_change = width - 1 - np.argmax(changes[:, ::-1], axis=1)
    return np.where(changes.any(axis=1), last_change + 1, 1).astype(np.int64)
