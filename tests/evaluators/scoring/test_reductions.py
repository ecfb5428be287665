"""The sums behind a score, against straightforward numpy, and over any sharding."""

from functools import reduce
from operator import add

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators import Score
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.reductions import label_ranks, reduce_logits
from tests.fakes.reference_score import reference_score


def random_case(seed: int, n: int, classes: int) -> tuple[FloatArray, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n, classes)).astype(np.float32), rng.integers(0, classes, n)


def reduced(cosines: FloatArray, labels: "np.ndarray[tuple[int], np.dtype[np.int64]]", scale: float = 10.0) -> Score:
    return reduce_logits(torch.from_numpy(cosines), torch.from_numpy(labels), scale).score(redundancy=0.0)


@pytest.mark.parametrize("classes", [1, 2, 5, 6, 11, 33, 70])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_every_figure_equals_a_plain_numpy_reference(classes: int, scale: float) -> None:
    cosines, labels = random_case(classes, 60, classes)
    measured, expected = reduced(cosines, labels, scale).to_json(), reference_score(cosines, labels, scale)
    assert measured["confusions"] == expected.pop("confusions")
    for name, value in expected.items():
        assert measured[name] == pytest.approx(value, abs=2e-5), name


def test_top5_is_given_only_beyond_five_classes() -> None:
    assert reduced(*random_case(0, 20, 5)).top5 is None
    assert reduced(*random_case(0, 20, 6)).top5 is not None


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 9), st.data())
def test_the_score_is_the_same_over_any_sharding_of_the_images(
    seed: int, n: int, classes: int, data: st.DataObject
) -> None:
    cosines, labels = random_case(seed, n, classes)
    cuts = sorted(data.draw(st.sets(st.integers(0, n), max_size=5)))
    parts = zip(np.split(cosines, cuts), np.split(labels, cuts), strict=True)
    sums = reduce(add, (reduce_logits(torch.from_numpy(c), torch.from_numpy(y), 10.0) for c, y in parts))
    sharded, whole = sums.score(redundancy=0.0), reduced(cosines, labels)
    assert (sharded.n, sharded.top1, sharded.top5) == (whole.n, whole.top1, whole.top5)
    assert (sharded.recall, sharded.confusions) == (whole.recall, whole.confusions)
    assert sharded.fitted_scale == pytest.approx(whole.fitted_scale, rel=1e-4)
    for name in (
        "cross_entropy",
        "fitted_cross_entropy",
        "margin",
        "prediction_entropy",
        "marginal_entropy",
        "class_cross_entropy",
    ):
        assert getattr(sharded, name) == pytest.approx(getattr(whole, name), abs=1.1e-6), name


def test_equal_logits_rank_the_label_last_among_them() -> None:
    cosines = torch.tensor([[0.5, 0.5, 0.5], [0.5, 0.5, 0.1], [0.9, 0.5, 0.5], [0.1, 0.1, 0.9]])
    assert label_ranks(cosines, torch.zeros(4, dtype=torch.int64)).tolist() == [2, 1, 0, 2]


def test_a_classifier_that_can_not_decide_scores_nothing() -> None:
    score = reduced(np.full((6, 3), 0.25, dtype=np.float32), np.array([0, 0, 1, 1, 2, 2]))
    assert (score.top1, score.margin, score.recall) == (0.0, 0.0, (0.0, 0.0, 0.0))
    assert score.cross_entropy == pytest.approx(np.log(3), abs=1e-6)
    assert (score.fitted_cross_entropy, score.fitted_scale) == (round(float(np.log(3)), 6), 0.0)
    assert sum(n for _, _, n in score.confusions) == 6
    assert all(label != prediction for label, prediction, _ in score.confusions)


def test_a_single_class_is_always_right() -> None:
    score = reduced(np.array([[0.3], [-0.2]], dtype=np.float32), np.array([0, 0]))
    assert (score.top1, score.cross_entropy, score.margin, score.confusions) == (1.0, 0.0, 0.0, ())
    assert (score.prediction_entropy, score.marginal_entropy, score.mean_recall) == (0.0, 0.0, 1.0)


def test_a_class_without_images_has_no_recall_and_does_not_count() -> None:
    score = reduced(np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0]], dtype=np.float32), np.array([0, 1]))
    assert score.recall == (1.0, 0.0, None)
    assert score.class_cross_entropy is not None
    assert score.class_cross_entropy[2] is None
    assert score.mean_recall == 0.5


def test_confusions_are_listed_most_frequent_first() -> None:
    predicted, labels = [1, 1, 2, 0, 0], np.array([0, 0, 0, 2, 1])
    score = reduced(np.eye(3, dtype=np.float32)[predicted], labels)
    assert score.confusions == ((0, 1, 2), (0, 2, 1), (1, 0, 1), (2, 0, 1))


def test_extreme_scales_stay_finite() -> None:
    cosines, labels = random_case(3, 30, 7)
    score = reduced(cosines, labels, scale=1e4)
    assert score.marginal_entropy is not None
    assert np.isfinite([score.cross_entropy, score.prediction_entropy, score.marginal_entropy]).all()
    assert score.prediction_entropy >= 0
