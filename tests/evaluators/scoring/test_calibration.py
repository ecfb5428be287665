"""The calibration error is small where sureness is accuracy, and fitted scales make it small."""

import numpy as np
import pytest

from evaluators.scoring.calibration import calibration_errors
from evaluators.scoring.fitted_scale import best_scale


def world(scale: float, n: int = 20_000, classes: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Cosines, and labels drawn from softmax(scale * cosine): calibrated at that scale."""
    rng = np.random.default_rng(seed)
    cosines = rng.normal(0, 0.02, (n, classes)).astype(np.float32)
    p = np.exp(scale * cosines.astype(np.float64))
    p /= p.sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return cosines, labels.astype(np.int64)


def test_at_the_scale_that_labels_were_drawn_with_there_is_no_error() -> None:
    cosines, labels = world(60.0)
    at, above, below = calibration_errors([(cosines, labels)], [60.0, 200.0, 10.0])
    assert at < 0.015  # of 20,000 images; bins of 15 have noise of their own
    assert above > 0.2
    assert below > 0.1


def test_the_scale_of_least_cross_entropy_on_other_images_calibrates() -> None:
    fitted = best_scale(*world(60.0, seed=1), 100.0)
    cosines, labels = world(60.0, seed=2)
    before, after = calibration_errors([(cosines, labels)], [100.0, fitted])
    assert after < 0.02 < before


def test_a_classifier_that_says_the_same_for_all_is_right_on_none() -> None:
    cosines = np.full((10, 4), 0.2, dtype=np.float32)
    (error,) = calibration_errors([(cosines, np.zeros(10, dtype=np.int64))], [100.0])
    assert error == pytest.approx(0.25)  # sure by a quarter, and a tie is not right


def test_images_some_at_a_time_have_the_same_error() -> None:
    cosines, labels = world(60.0, n=1000)
    parts = [(cosines[some], labels[some]) for some in (slice(0, 7), slice(7, 640), slice(640, None))]
    assert calibration_errors(parts, [60.0, 200.0]) == calibration_errors([(cosines, labels)], [60.0, 200.0])
