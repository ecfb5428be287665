"""Intervals hold their level."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_search.report.statistics import PairedCounts, paired_interval, wilson_interval


@given(st.integers(1, 5000), st.data())
def test_the_interval_of_a_share_contains_it_and_stays_in_range(n: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, n))
    low, high = wilson_interval(correct, n)
    assert 0 <= low <= correct / n + 1e-12
    assert correct / n - 1e-12 <= high <= 1


@pytest.mark.parametrize("truth", [0.1, 0.5, 0.93])
def test_the_interval_covers_the_truth_about_95_times_in_100(truth: float) -> None:
    rng = random.Random(0)
    draws = [sum(rng.random() < truth for _ in range(100)) for _ in range(2000)]
    covered = sum(low <= truth <= high for low, high in (wilson_interval(k, 100) for k in draws))
    assert 0.925 <= covered / len(draws) <= 0.98


@pytest.mark.parametrize(("first", "second"), [(0.1, 0.1), (0.15, 0.05), (0.02, 0.01)])
def test_the_interval_of_a_difference_covers_it_about_95_times_in_100(first: float, second: float) -> None:
    rng = random.Random(1)
    covered = 0
    for _ in range(2000):
        draws = rng.choices("12-", [first, second, 1 - first - second], k=150)
        low, high = paired_interval(PairedCounts(150, draws.count("1"), draws.count("2")))
        covered += low <= first - second <= high
    assert covered / 2000 >= 0.93


def test_no_difference_anywhere_gives_an_interval_around_zero() -> None:
    low, high = paired_interval(PairedCounts(100, 0, 0))
    assert low < 0 < high
