"""Batches cover every text once, at a length that cuts off nothing but padding, and never hold too many tokens."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.models.text_tower import TextBatch, end_of_text, text_batches, tokens_per_batch

CONTEXT = 16
END = 999
LIMIT = 24


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
    batches = list(text_batches(padded(lengths), None, LIMIT, END))
    assert sorted(row for batch in batches for row in batch.rows) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[row] for row in batch.rows)
        assert longest <= batch.length < longest + 4
        assert batch.length % 4 == 0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(2, CONTEXT), min_size=1, max_size=30), st.integers(2, CONTEXT))
def test_the_shape_a_text_is_encoded_in_does_not_depend_on_the_others(lengths: list[int], own: int) -> None:
    (alone,) = text_batches(padded([own]), None, LIMIT)
    (among,) = (batch for batch in text_batches(padded([own, *lengths]), None, LIMIT) if 0 in batch.rows)
    assert (among.size, among.length) == (alone.size, alone.length)


@given(st.lists(st.integers(2, CONTEXT), min_size=1, max_size=30))
def test_without_a_known_end_a_text_is_never_cut_short(lengths: list[int]) -> None:
    for batch in text_batches(padded(lengths), None, LIMIT):
        longest = max(lengths[row] for row in batch.rows)
        assert longest <= batch.length <= min(CONTEXT, longest + 4)


def test_the_end_of_text_is_what_stands_before_the_padding_of_different_texts() -> None:
    assert end_of_text(padded([5, 7, 9])) == END
    assert end_of_text(padded([5, 7, CONTEXT])) is None


def test_an_end_that_is_also_the_padding_is_not_taken_for_the_end() -> None:
    rows = padded([5, 7, 9])
    assert end_of_text(torch.where(rows == 0, END, rows)) is None


def test_the_last_of_several_ends_counts() -> None:
    row = torch.tensor([[1, 2, END, 3, 4, 5, END, 0, 0, 0, 0, 0]])
    assert [batch.length for batch in text_batches(row, None, LIMIT, END)] == [8]


def test_batches_go_from_short_texts_to_long_ones() -> None:
    batches = list(text_batches(padded([9, 3, 14, 2, 4]), None, LIMIT))
    assert batches == [TextBatch([1, 3], 4, 4), TextBatch([4], 8, 3), TextBatch([0], 12, 2), TextBatch([2], 16, 1)]


def test_a_batch_is_bounded_by_tokens() -> None:
    sizes = [len(batch.rows) for batch in text_batches(padded([5] * 10), None, LIMIT)]
    assert sizes == [3, 3, 3, 1]
    assert [len(batch.rows) for batch in text_batches(padded([5] * 3), CONTEXT, LIMIT)] == [1, 1, 1]


def test_a_text_longer_than_the_limit_is_a_batch_of_its_own() -> None:
    assert list(text_batches(padded([16, 16]), None, 10)) == [TextBatch([0], 16, 1), TextBatch([1], 16, 1)]


def test_a_full_length_is_kept_for_every_batch() -> None:
    (batch,) = text_batches(padded([2, 5, 16]), CONTEXT, 3 * CONTEXT)
    assert batch == TextBatch([0, 1, 2], CONTEXT, 3)


def test_a_row_without_any_change_is_as_short_as_can_be() -> None:
    assert list(text_batches(torch.zeros(1, CONTEXT, dtype=torch.int64), None, LIMIT)) == [TextBatch([0], 4, 4)]


def test_no_texts_no_batches() -> None:
    assert list(text_batches(torch.zeros(0, CONTEXT, dtype=torch.int64), CONTEXT, LIMIT)) == []


def test_an_accelerator_and_many_threads_get_larger_batches() -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = tokens_per_batch("cpu")
        torch.set_num_threads(16)
        assert alone < tokens_per_batch("cpu") < tokens_per_batch("cuda:1")
    finally:
        torch.set_num_threads(threads)
