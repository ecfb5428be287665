"""The best logit scale of one classifier, held against a fine grid."""

import numpy as np
import pytest

from evaluators.scoring import fitted_scale as module
from evaluators.scoring.fitted_scale import best_scale, cross_entropies
from tests.fakes.hashed_model import random_unit_rows

SCALE = 12.0


def test_the_best_scale_is_where_the_cross_entropy_is_least() -> None:
    cosines, y = random_unit_rows(60, 12, seed=5)[:, :4], np.arange(60, dtype=np.int64) % 4
    found = best_scale(cosines, y, SCALE)
    grid = np.geomspace(SCALE / 16, SCALE * 4, 400)
    losses = [cross_entropies(cosines, y, scale).mean() for scale in grid]
    assert cross_entropies(cosines, y, found).mean() <= min(losses) + 1e-4


def test_cross_entropies_are_those_of_a_softmax() -> None:
    cosines, labels = np.array([[0.5, 0.1], [0.2, 0.3]], np.float32), np.array([0, 0])
    expected = [np.log1p(np.exp(-4.0)), np.log1p(np.exp(1.0))]
    assert cross_entropies(cosines, labels, 10.0) == pytest.approx(expected, abs=1e-5)


def test_some_images_at_a_time_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    cosines, y = random_unit_rows(60, 4, seed=5), np.arange(60, dtype=np.int64) % 4
    whole = cross_entropies(cosines, y, SCALE)
    monkeypatch.setattr(module, "NUMBERS_AT_ONCE", 28)
    assert cross_entropies(cosines, y, SCALE).tolist() == whole.tolist()
