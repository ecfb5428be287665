"""The probe finds the minimum it says it does, and leaves the words alone where images say nothing better."""

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluators.heads.linear_probe import PENALTIES, START, Probe, fit_probe
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.fitted_scale import best_scale
from evaluators.selection.stratified_folds import stratified_folds
from tests.fakes.hashed_model import random_unit_rows

SCALE = 20.0


def unit(rows: "NDArray[np.float64 | np.float32]") -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def world(
    per_class: int, seed: int, noise: float, classes: int = 4
) -> tuple[FloatArray, NDArray[np.int64], FloatArray]:
    """Images about centres of their classes, and words that are some way off those centres."""
    centres, off = random_unit_rows(classes, 16, seed=1), random_unit_rows(classes, 16, seed=2)
    labels = np.repeat(np.arange(classes), per_class)
    images = unit(centres[labels] + noise * random_unit_rows(len(labels), 16, seed=seed))
    return images, labels, np.ascontiguousarray(unit(centres + 1.2 * off).T)


def top1(weight: FloatArray, images: FloatArray, labels: NDArray[np.int64]) -> float:
    return float(((images @ weight).argmax(axis=1) == labels).mean())


def gradient(probe: Probe, x: FloatArray, y: NDArray[np.int64], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the penalised cross-entropy at the probe's logit weights, in plain float64 numpy."""
    v = probe.weight.astype(np.float64) * SCALE
    logits = x.astype(np.float64) @ v
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return np.asarray(x.T @ p / len(y) + 2 * (probe.penalty or 0) * (v - start))


def test_it_stands_at_the_minimum_of_the_penalised_cross_entropy() -> None:
    x, y, words = world(10, seed=3, noise=2.0)
    probe = fit_probe(x, y, words, SCALE)
    assert probe.penalty in PENALTIES
    start = best_scale(x @ words, y, SCALE) * START * words.astype(np.float64)
    assert np.abs(gradient(probe, x, y, start)).max() < 1e-4
    assert np.abs(gradient(probe, x, y, 2 * start)).max() > 1e-3


def test_it_classifies_new_images_better_than_words_that_are_off() -> None:
    x, y, words = world(12, seed=3, noise=2.0)
    new, truth, _ = world(200, seed=4, noise=2.0)
    assert top1(fit_probe(x, y, words, SCALE).weight, new, truth) > top1(words, new, truth) + 0.03


def test_one_image_a_class_leaves_the_words_as_they_are() -> None:
    x, y, words = world(1, seed=3, noise=2.0)
    probe = fit_probe(x, y, words, SCALE)
    assert (probe.penalty, probe.cross_validated) == (None, ())
    assert np.array_equal(probe.weight, words)


def test_labels_that_say_nothing_leave_the_words_as_they_are() -> None:
    x, y, words = world(8, seed=3, noise=0.3)
    noise = np.random.default_rng(0).permutation(y)
    probe = fit_probe(random_unit_rows(len(x), 16, seed=9), noise, words, SCALE)
    assert probe.penalty is None
    assert probe.cross_validated[0] == min(probe.cross_validated, key=lambda tried: tried[1])
    assert np.array_equal(probe.weight, words)


def test_the_chosen_penalty_has_the_least_cross_entropy_of_those_tried_in_order() -> None:
    x, y, words = world(6, seed=5, noise=2.0)
    probe = fit_probe(x, y, words, SCALE)
    tried = [penalty for penalty, _ in probe.cross_validated]
    assert tried == [None, *PENALTIES][: len(tried)]
    assert probe.penalty == min(probe.cross_validated, key=lambda each: each[1])[0]


def test_the_same_seed_gives_the_same_bits() -> None:
    x, y, words = world(5, seed=5, noise=2.0)
    first, second = fit_probe(x, y, words, SCALE, seed=3), fit_probe(x, y, words, SCALE, seed=3)
    assert np.array_equal(first.weight, second.weight)
    assert first.cross_validated == second.cross_validated
    assert fit_probe(x, y, words, SCALE, seed=4).cross_validated != first.cross_validated


def test_images_some_at_a_time_give_the_same_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, words = world(6, seed=5, noise=2.0)
    whole = fit_probe(x, y, words, SCALE)
    monkeypatch.setattr("evaluators.heads.linear_probe.NUMBERS_AT_ONCE", 28)
    parts = fit_probe(x, y, words, SCALE)
    assert parts.penalty == whole.penalty
    assert np.allclose(parts.weight, whole.weight, atol=1e-3)


@pytest.mark.parametrize(("many", "huge", "fits"), [(2**24, 2**31, 10), (0, 2**31, 5), (0, 0, 1)])
def test_large_problems_are_cross_validated_less_often(
    monkeypatch: pytest.MonkeyPatch, many: int, huge: int, fits: int
) -> None:
    from evaluators.heads import linear_probe

    monkeypatch.setattr(linear_probe, "MANY", many)
    monkeypatch.setattr(linear_probe, "HUGE", huge)
    _, y, _ = world(6, seed=5, noise=2.0)
    held_out = linear_probe._held_out(y, 1000, 0)
    assert len(held_out) == fits
    assert all(np.bincount(y[out], minlength=4).min() > 0 for out in held_out)


def test_a_class_without_images_and_one_with_a_single_image_are_no_obstacle() -> None:
    x, y, words = world(6, seed=5, noise=2.0, classes=5)
    kept = (y != 4) & ((y != 3) | (np.arange(len(y)) == 18))
    probe = fit_probe(x[kept], y[kept], words, SCALE)
    assert probe.weight.shape == words.shape
    assert np.isfinite(probe.weight).all()
    assert probe.cross_validated


def test_every_class_is_spread_evenly_over_the_folds() -> None:
    labels = np.repeat([0, 1, 2], [10, 7, 3])
    folds = stratified_folds(labels, 3, np.random.default_rng(0))
    for label in range(3):
        counts = np.bincount(folds[labels == label], minlength=3)
        assert counts.max() - counts.min() <= 1
