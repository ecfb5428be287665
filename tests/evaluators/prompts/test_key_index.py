"""Rows are found by the beginning of their keys, however many there are and in whatever steps they came."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.embeddings.embedding_rows import KeyIndex


@pytest.fixture(autouse=True)
def _sorted_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluators.embeddings.embedding_rows.MOST_RECENT", 5)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 12) | st.integers(0, 2**64 - 1), max_size=14), max_size=8))
def test_every_row_is_found_newest_first(steps: list[list[int]]) -> None:
    index, expected = KeyIndex(), defaultdict[int, list[int]](list)
    for step in steps:
        for row, prefix in enumerate(step, start=len(index)):
            expected[prefix].insert(0, row)
        index.add(np.array(step, dtype=np.uint64))
    asked = [*expected, 12, 2**64 - 1]
    assert list(index.find(np.array(asked, dtype=np.uint64))) == [expected[prefix] for prefix in asked]
    assert len(index) == sum(map(len, steps))
