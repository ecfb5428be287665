"""Batches cover every text once, at a length that cuts off nothing but padding."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.text_batches import TOKENS_PER_BATCH, text_batches

CONTEXT = 16
END = 999


def padded(lengths: list[int]) -> torch.Tensor:
    """Rows of different ids, an end token, and zeros."""
    rows = torch.zeros(len(lengths), CONTEXT, dtype=torch.int64)
    for row, length in zip(rows, lengths, strict=True):
        row[: length - 1] = torch.arange(1, length)
        row[length - 1] = END
    return rows


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(2, CONTEXT), min_size=1, max_size=30))
def test_every_text_is_in_one_batch_that_is_long_enough(lengths: list[int]) -> None:
    batches = list(text_batches(padded(lengths), None))
    assert sorted(row for rows, _ in batches for row in rows) == list(range(len(lengths)))
    for rows, length in batches:
        longest = max(lengths[row] for row in rows)
        assert longest <= length <= min(longest + 1, CONTEXT)


def test_batches_go_from_short_texts_to_long_ones() -> None:
    ((rows, _),) = text_batches(padded([9, 3, 5]), None)
    assert rows == [1, 2, 0]


def test_a_batch_is_bounded_by_its_tokens() -> None:
    tokens = padded(list(np.random.default_rng(0).integers(2, CONTEXT + 1, 2000)))
    for limit in (None, CONTEXT):
        batches = list(text_batches(tokens, limit))
        assert len(batches) > 1
        assert all(len(rows) * length <= TOKENS_PER_BATCH for rows, length in batches)


def test_a_full_length_is_kept_for_every_batch() -> None:
    assert [length for _, length in text_batches(padded([2, 5, 16]), CONTEXT)] == [CONTEXT]


def test_a_row_without_any_change_is_one_token_long() -> None:
    assert list(text_batches(torch.zeros(1, CONTEXT, dtype=torch.int64), None)) == [([0], 1)]


def test_no_texts_no_batches() -> None:
    assert list(text_batches(torch.zeros(0, CONTEXT, dtype=torch.int64), CONTEXT)) == []
