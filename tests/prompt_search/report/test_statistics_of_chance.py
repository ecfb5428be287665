"""Luck, power, exact tests and their correction, held against simulation and scipy."""

import numpy as np
import pytest

from prompt_search.report.statistics import (
    Luck,
    PairedCounts,
    exact_p,
    holm,
    images_to_show,
    paired_interval,
    shown_p,
)


@pytest.mark.parametrize(("first", "second"), [(12, 4), (4, 12), (0, 7), (50, 50), (300, 210)])
def test_the_exact_test_is_scipys_binomial_test(first: int, second: int) -> None:
    from scipy.stats import binomtest

    expected = binomtest(first, first + second, 0.5).pvalue
    assert exact_p(PairedCounts(1000, first, second)) == pytest.approx(min(1.0, expected), rel=1e-9)


def test_two_that_never_differ_may_be_equal() -> None:
    assert exact_p(PairedCounts(50, 0, 0)) == 1.0


def test_holms_correction_keeps_the_order_and_never_falls() -> None:
    p = [0.04, 0.001, 0.2, 0.012]
    corrected = holm(p)
    assert corrected == pytest.approx([0.08, 0.004, 0.2, 0.036])
    assert holm([]) == []
    assert holm([0.7, 0.9]) == [1.0, 1.0]


@pytest.mark.parametrize("candidates", [2, 10, 100, 1000])
def test_luck_is_what_the_best_of_equally_good_candidates_gains(candidates: int) -> None:
    """Candidates that are right on an image of their own kind with one probability, and agree as much as they do."""
    rng = np.random.default_rng(candidates)
    images, accuracy, common = 300, 0.7, 0.6
    gains, disagreements = [], []
    for _ in range(60):
        shared, own = rng.random(images) < accuracy, rng.random((candidates, images)) < accuracy
        right = np.where(rng.random((candidates, images)) < common, shared, own)
        gains.append(right.mean(axis=1).max() - right.mean())
        disagreements.append(np.mean(right[0] != right[1]))
    told = Luck(candidates, images, float(np.mean(disagreements))).gain
    assert told == pytest.approx(np.mean(gains), rel=0.2, abs=0.003)


def test_one_candidate_has_no_luck() -> None:
    assert Luck(candidates=1, images=300, disagreement=0.2).gain == 0.0


@pytest.mark.parametrize(("gain", "disagreement"), [(0.02, 0.1), (0.05, 0.2), (0.03, 0.04)])
def test_so_many_images_show_the_gain_four_times_in_five(gain: float, disagreement: float) -> None:
    n = images_to_show(gain, disagreement)
    rng = np.random.default_rng(0)
    share = [(disagreement + gain) / 2, (disagreement - gain) / 2]
    drawn = rng.multinomial(n, [*share, 1 - sum(share)], size=2000)
    shown = np.mean([paired_interval(PairedCounts(n, int(a), int(b)))[0] > 0 for a, b, _ in drawn])
    assert shown == pytest.approx(0.8, abs=0.04)


def test_p_values_are_written_as_one_reads_them() -> None:
    assert [shown_p(p) for p in (0.5, 0.0123, 0.00099, 0.00001)] == [
        "p = 0.5",
        "p = 0.012",
        "p = 0.00099",
        "p < 0.0001",
    ]
