"""Standard errors and paired tests agree with the tables of the textbooks."""

import statistics

import pytest

from prompt_search.report.statistics import Mean, paired_p


def test_the_error_is_that_of_the_mean() -> None:
    mean = Mean.of([2.0, 4.0, 4.0, 6.0])
    assert (mean.value, mean.n) == (4.0, 4)
    assert mean.error == pytest.approx(statistics.stdev([2, 4, 4, 6]) / 2)


def test_a_single_draw_has_no_error_and_no_test() -> None:
    assert Mean.of([1.5]).error is None
    assert paired_p([1.5]) is None


@pytest.mark.parametrize(
    ("draws", "critical"), [(2, 12.706), (3, 4.303), (4, 3.182), (5, 2.776), (6, 2.571), (10, 2.262), (11, 2.228)]
)
def test_p_is_a_twentieth_at_the_critical_value(draws: int, critical: float) -> None:
    spread = [float(i) for i in range(draws)]
    plain = Mean.of(spread)
    assert plain.error is not None
    moved = [value - plain.value + critical * plain.error for value in spread]
    assert paired_p(moved) == pytest.approx(0.05, abs=1e-4)
    assert paired_p([-value for value in moved]) == paired_p(moved)


def test_equal_draws_are_no_evidence_and_equal_differences_are_all_there_is() -> None:
    assert paired_p([0.0, 0.0, 0.0]) == 1.0
    assert paired_p([1.0, 1.0, 1.0]) == 0.0
