"""The Occam bound: exact, monotone, never below what it may be, and in words."""

import math

import numpy as np
import pytest

from prompt_search.report.certificate import Certificate, highest_error


def tail(wrong: int, n: int, p: float) -> float:
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(wrong + 1))


@pytest.mark.parametrize(("wrong", "n", "nats"), [(0, 20, 0.0), (3, 50, 2.0), (40, 160, 12.5), (159, 160, 1.0)])
def test_it_inverts_the_binomial_tail(wrong: int, n: int, nats: float) -> None:
    assert tail(wrong, n, highest_error(wrong, n, nats)) == pytest.approx(0.05 * math.exp(-nats), rel=1e-6)


def test_it_stays_exact_where_probabilities_are_below_the_smallest_float() -> None:
    # With no error the tail is (1 - p)^n whatever its size.
    assert highest_error(0, 5000, 4000.0) == pytest.approx(1 - math.exp((math.log(0.05) - 4000) / 5000), abs=1e-12)


def test_dearer_prompts_more_errors_and_fewer_images_make_it_weaker() -> None:
    base = highest_error(20, 100, 10)
    assert highest_error(20, 100, 11) > base
    assert highest_error(21, 100, 10) > base
    assert highest_error(40, 200, 10) < base


@pytest.mark.parametrize("wrong", [0, 7, 10])
def test_all_wrong_or_a_hopeless_price_promise_nothing_and_do_not_fail(wrong: int) -> None:
    assert highest_error(wrong, 10, 1e6) == pytest.approx(1, abs=1e-9)
    assert highest_error(10, 10, 0.0) == 1


def test_the_best_of_many_useless_classifiers_keeps_its_promise() -> None:
    """K guessers of equal prior: whichever looks best, the bound holds for it in at least 95 % of the draws."""
    rng, guessers, n, error = np.random.default_rng(0), 500, 80, 0.7
    wrong = rng.binomial(n, error, size=(400, guessers)).min(axis=1)
    kept = [highest_error(int(each), n, math.log(guessers)) >= error for each in wrong]
    naive = [highest_error(int(each), n, 0.0) >= error for each in wrong]
    assert np.mean(kept) >= 0.95
    assert np.mean(naive) < 0.5


def test_it_says_so_when_it_is_vacuous_and_what_it_is_of() -> None:
    weak = Certificate(n=100, wrong=40, nats=500.0, texts=10, model="gguf:Small", classes=10)
    strong = Certificate(n=5000, wrong=500, nats=40.0, texts=2, model="gguf:Small", classes=10)
    assert weak.vacuous
    assert not strong.vacuous
    assert "which is vacuous: guessing among 10 classes does as well" in weak.sentence(60, 100)
    assert "vacuous" not in strong.sentence(60, 100)
    assert "at least 8" in strong.sentence(60, 100)
    assert strong.to_json()["least_top1"] == pytest.approx(strong.least_top1, abs=1e-6)
