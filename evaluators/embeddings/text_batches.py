"""Batches of texts for a text tower: sorted by length, cut to it, bounded by tokens, of one shape per length.

The last bits of a matrix product may depend on the shapes of its factors. A text's length and its batch's shape
depend on that text alone (and on the device and its number of threads), so it gets the same features bit for bit
whatever is encoded beside it, and a resumed run scores as the first would have.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

__all__ = ["TextBatch", "end_of_text", "text_batches", "tokens_per_batch"]

LENGTH_STEP = 4

# On a CPU one core is at 85 % of its rate with 128 tokens, and ten new texts, of two lengths, waste little.
LEAST_TOKENS = 128
TOKENS_PER_THREAD = 64
TOKENS_ON_AN_ACCELERATOR = 4096


@dataclass(frozen=True)
class TextBatch:
    """Texts that are encoded together.

    Args:
        rows: their places among all texts.
        length: the tokens of each that are encoded.
        size: how many texts a batch of this length has; a batch with fewer is filled up.
    """

    rows: list[int]
    length: int
    size: int


def tokens_per_batch(device: str) -> int:
    """How many tokens to encode at once: enough to keep the device busy, few enough that a few texts cost little."""
    import torch

    if torch.device(device).type != "cpu":
        return TOKENS_ON_AN_ACCELERATOR
    return max(LEAST_TOKENS, TOKENS_PER_THREAD * torch.get_num_threads())


def text_batches(
    tokens: "torch.Tensor", full_length: int | None, limit: int, end: int | None = None
) -> Iterator[TextBatch]:
    """Split token rows [T, L] into batches of one length each, from the shortest texts to the longest.

    Args:
        tokens: token ids, each row ending in a run of one padding id.
        full_length: encode every text at this length; `None` cuts a text to its own length, rounded up to a
            multiple of 4.
        limit: tokens in a batch, at least one text.
        end: the id of the end-of-text token, see `end_of_text`; if `None`, one token of padding counts.
    """
    lengths = _lengths(tokens.numpy(), end) if full_length is None else np.full(len(tokens), full_length)
    for length in map(int, np.unique(lengths)):
        size = max(1, limit // length)
        rows = [int(row) for row in np.flatnonzero(lengths == length)]
        for start in range(0, len(rows), size):
            yield TextBatch(rows[start : start + size], length, size)


def end_of_text(tokens: "torch.Tensor") -> int | None:
    """The id all rows [T, L] have before their padding, found from texts that end in different words.

    Returns:
        `None` if there is no such id, or it is the padding's own.
    """
    ids = tokens.numpy()
    last = {int(row[before]) for row, before in zip(ids, _padding_begins(ids) - 1, strict=True)}
    return last.pop() if len(last) == 1 and last.isdisjoint(map(int, ids[:, -1])) else None


def _lengths(ids: NDArray[np.int64], end: int | None) -> NDArray[np.int64]:
    """Tokens up to and including the end-of-text token, rounded up.

    Without its id, one token of the padding counts, since where a row stops changing there may be the end or what
    follows it.
    """
    width = ids.shape[1]
    real = _padding_begins(ids) + 1
    if end is not None:
        is_end = ids == end
        real = np.where(is_end.any(axis=1), width - np.argmax(is_end[:, ::-1], axis=1), real)
    rounded: NDArray[np.int64] = np.minimum(-(-real // LENGTH_STEP) * LENGTH_STEP, width).astype(np.int64)
    return rounded


def _padding_begins(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each row of ids [T, L] stops changing."""
    changes = ids[:, 1:] != ids[:, :-1]
    last: NDArray[np.int64] = ids.shape[1] - 1 - np.argmax(changes[:, ::-1], axis=1)
    return np.where(changes.any(axis=1), last, 0)
