"""Batches cover every text once, at a length that cuts off nothing but padding."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.text_batches import BATCH, text_batches

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
        assert longest <= length <= CONTEXT
        assert length % 4 == 0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(2, CONTEXT), min_size=1, max_size=30), st.integers(2, CONTEXT))
def test_the_length_of_a_text_does_not_depend_on_the_others(lengths: list[int], own: int) -> None:
    ((_, alone),) = text_batches(padded([own]), None)
    batches = text_batches(padded([own, *lengths]), None)
    assert [length for rows, length in batches if 0 in rows] == [alone]


def test_batches_go_from_short_texts_to_long_ones() -> None:
    batches = list(text_batches(padded([9, 3, 14, 2]), None))
    assert batches == [([1, 3], 4), ([0], 12), ([2], 16)]


def test_a_batch_is_bounded() -> None:
    for limit in (None, CONTEXT):
        sizes = [len(rows) for rows, _ in text_batches(padded([6] * (2 * BATCH + 3)), limit)]
        assert sizes == [BATCH, BATCH, 3]


def test_a_full_length_is_kept_for_every_batch() -> None:
    assert [length for _, length in text_batches(padded([2, 5, 16]), CONTEXT)] == [CONTEXT]


def test_a_row_without_any_change_is_as_short_as_can_be() -> None:
    assert list(text_batches(torch.zeros(1, CONTEXT, dtype=torch.int64), None)) == [([0], 4)]


def test_no_texts_no_batches() -> None:
    assert list(text_batches(torch.zeros(0, CONTEXT, dtype=torch.int64), CONTEXT)) == []
