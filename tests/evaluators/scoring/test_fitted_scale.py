"""The cross-entropy at the logit scale that fits best: exact enough, bounded, and not to be had by flat logits."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from evaluators import DEFAULT_FITNESS, FITNESS_PRESETS, LabeledImages, Score
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring import batch_statistics
from evaluators.scoring.products import CandidateBatch, Products
from evaluators.scoring.reductions import reduce_logits
from evaluators.scoring.scale_window import WINDOW, every_window, middle_windows
from evaluators.scoring.score import COSTLY_FIGURES
from tests.fakes.reference_score import fitted_cross_entropy

Labels = NDArray[np.int64]
SCALE = 100.0


def case(classes: int, n: int, gap: float, noise: float, seed: int = 0) -> tuple[FloatArray, Labels]:
    """Cosines [n, C] whose labels stand out by about `gap` from noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    cosines = rng.normal(0, noise, (n, classes))
    cosines[np.arange(n), labels] += gap * rng.uniform(0.3, 1.2, n)
    return cosines.astype(np.float32), labels


def measured(cosines: FloatArray, labels: Labels, scale: float = SCALE) -> Score:
    return reduce_logits(torch.from_numpy(cosines), torch.from_numpy(labels), scale).score(redundancy=0.0)


@pytest.mark.parametrize(
    ("classes", "n", "gap", "noise"),
    [(2, 300, 0.02, 0.03), (2, 3, 0.01, 0.02), (10, 160, 0.06, 0.02), (10, 160, 0.03, 0.01), (40, 400, 0.5, 0.2),
     (100, 500, 0.1, 0.04), (300, 600, 0.12, 0.02), (10, 500, 0.001, 0.03)],
)  # fmt: skip
def test_the_figure_is_the_least_over_the_scales(classes: int, n: int, gap: float, noise: float) -> None:
    cosines, labels = case(classes, n, gap, noise)
    least, at = fitted_cross_entropy(cosines.astype(np.float64), labels, SCALE)
    score = measured(cosines, labels)
    assert score.fitted_cross_entropy == pytest.approx(least, abs=2e-5)
    assert score.fitted_scale == pytest.approx(at, rel=0.02)
    assert score.fitted_cross_entropy <= score.cross_entropy + 2e-5


def test_logits_that_are_only_flatter_have_the_same_figure_at_a_higher_scale() -> None:
    cosines, labels = case(10, 200, 0.1, 0.04)
    sharp, flat = measured(cosines, labels), measured(cosines / np.float32(2) + np.float32(0.5), labels)
    assert flat.fitted_cross_entropy == pytest.approx(sharp.fitted_cross_entropy, abs=2e-5)
    assert flat.fitted_scale == pytest.approx(2 * sharp.fitted_scale, rel=0.01)
    assert abs(flat.cross_entropy - sharp.cross_entropy) > 0.1


def test_a_classifier_that_is_worse_than_chance_is_given_chance() -> None:
    cosines, labels = case(10, 200, -0.1, 0.04)
    score = measured(cosines, labels)
    assert (score.fitted_cross_entropy, score.fitted_scale) == (round(float(np.log(10)), 6), 0.0)


def test_a_classifier_that_is_always_right_stays_within_the_range() -> None:
    cosines, labels = case(10, 50, 0.5, 0.001)
    score = measured(cosines, labels, scale=10.0)
    assert score.top1 == 1.0
    assert 0 <= score.fitted_cross_entropy < score.cross_entropy
    assert score.fitted_scale <= 40.0
    assert measured(cosines / np.float32(1000), labels).fitted_scale == pytest.approx(400.0)


def test_the_windows_cover_the_range_without_gaps() -> None:
    for lower in (every_window(SCALE), middle_windows(SCALE)):
        assert (lower[1:] <= lower[:-1] * WINDOW * (1 + 1e-9)).all()
    assert every_window(SCALE)[0] == pytest.approx(SCALE / 64)
    assert every_window(SCALE)[-1] * WINDOW == pytest.approx(SCALE * 4)
    assert middle_windows(SCALE)[0] < SCALE / 2 < 2 * SCALE < middle_windows(SCALE)[-1] * WINDOW


def classifiers(classes: int, n: int, sets: int) -> tuple[LabeledImages, list[list[FloatArray]]]:
    """Images around prototypes, and sets of class embeddings from good to hardly better than chance."""
    rng = np.random.default_rng(0)
    prototypes = unit(rng.normal(size=(classes, 32)))
    labels = rng.integers(0, classes, n)
    images = unit(prototypes[labels] + rng.normal(size=(n, 32)) * 0.15)
    noise = np.linspace(0.02, 1, sets)
    columns = [list(unit(prototypes + rng.normal(size=(classes, 32)) * each)) for each in noise]
    ids = tuple(f"c{i:03}" for i in range(classes))
    return LabeledImages(images, labels, ids, tuple(map(str, range(n)))), columns


def unit(rows: NDArray[np.float64]) -> FloatArray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / length, dtype=np.float32)


def figures(images: LabeledImages, sets: list[list[FloatArray]], chunk: int = 512, shards: int = 1) -> list[Score]:
    devices = [Products(images, "cpu", "fp32", keep=0) for _ in range(shards)]
    batch = CandidateBatch.of(sets)
    lower = batch_statistics.likely_windows(batch, devices[0], SCALE, chunk)
    measure = batch_statistics.measure_on(devices, SCALE, chunk, fused=False, figures=COSTLY_FIGURES)
    return batch_statistics.batch_statistics(batch, lower, measure, SCALE).scores([0.0] * len(sets))


@pytest.mark.parametrize(("classes", "n"), [(5, 40), (10, 900), (60, 600)])
def test_many_sets_at_once_have_the_figures_of_each_alone(classes: int, n: int) -> None:
    images, sets = classifiers(classes, n, 12)
    for score, columns in zip(figures(images, sets), sets, strict=True):
        cosines = np.asarray(images.embeddings) @ np.stack(columns).T
        least, _ = fitted_cross_entropy(cosines.astype(np.float64), images.labels, SCALE)
        assert score.fitted_cross_entropy == pytest.approx(least, abs=2e-5)
    assert figures(images, sets)[4] == figures(images, sets[3:6])[1]


def test_several_devices_share_the_images() -> None:
    images, sets = classifiers(10, 900, 6)
    for one, many in zip(figures(images, sets, chunk=128), figures(images, sets, chunk=128, shards=3), strict=True):
        assert (one.fitted_cross_entropy, one.fitted_scale) == (many.fitted_cross_entropy, many.fitted_scale)


@pytest.mark.parametrize("sampled", [2.0, 60.0, 400.0])
def test_a_sample_that_misleads_does_not_change_the_figure(sampled: float, monkeypatch: pytest.MonkeyPatch) -> None:
    images, sets = classifiers(10, 300, 6)
    expected = figures(images, sets)
    misled = []

    def likely_scales(cosines: torch.Tensor, labels: torch.Tensor, scale: float) -> NDArray[np.float64]:
        misled.append(len(cosines))
        return np.full(len(cosines), sampled)

    monkeypatch.setattr(batch_statistics, "likely_scales", likely_scales)
    for found, score in zip(figures(images, sets), expected, strict=True):
        assert found.fitted_cross_entropy == pytest.approx(score.fitted_cross_entropy, abs=2e-5)
        assert replace(found, fitted_cross_entropy=0, fitted_scale=0) == replace(
            score, fitted_cross_entropy=0, fitted_scale=0
        )
    assert sum(misled) == 6


def test_text_that_flattens_the_logits_does_not_win() -> None:
    """As on images that the model hardly knows: one text is a little right and too sure, one says next to nothing."""
    rng = np.random.default_rng(0)
    labels = np.arange(320) % 10
    told = rng.normal(0, 0.04, (320, 10))
    told[np.arange(320), labels] += 0.03
    nonsense = rng.normal(0, 0.002, (320, 10))
    photo, gibberish = (measured(each.astype(np.float32), labels) for each in (told, nonsense))
    assert photo.top1 > gibberish.top1 + 0.05
    raw, fitted = FITNESS_PRESETS["top1-ce"], FITNESS_PRESETS[DEFAULT_FITNESS]
    assert raw(gibberish) > raw(photo)
    assert fitted(photo) > fitted(gibberish) + 0.1
