"""What is computed once for all sets that share a block of classes, and that nobody can tell."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from evaluators import LabeledImages, Score
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.batch_statistics import batch_statistics, likely_windows, measure_on
from evaluators.scoring.class_blocks import ClassBlocks
from evaluators.scoring.products import CandidateBatch, Products
from evaluators.scoring.score import COSTLY_FIGURES

SCALE = 50.0


def unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def population(classes: int, children: int) -> tuple[LabeledImages, list[list[FloatArray]]]:
    """Images of C classes, a parent, and children each of which changes another class or two."""
    rng = np.random.default_rng(classes)
    prototypes = unit(rng.standard_normal((classes, 24), dtype=np.float32))
    labels = np.arange(3 * classes) % classes
    images = unit(prototypes[labels] + 0.3 * rng.standard_normal((len(labels), 24), dtype=np.float32))
    parent = list(unit(prototypes + 0.2 * rng.standard_normal(prototypes.shape, dtype=np.float32)))
    sets = [parent]
    for child in range(children):
        columns = list(parent)
        for place in {child % classes, (7 * child) % classes}:
            columns[place] = unit(rng.standard_normal((1, 24), dtype=np.float32))[0]
        sets.append(columns)
    ids = tuple(f"c{i:04}" for i in range(classes))
    return LabeledImages(images, labels, ids, tuple(map(str, range(len(labels))))), sets


def scores(
    images: LabeledImages, sets: Sequence[Sequence[FloatArray]], figures: Sequence[str] = COSTLY_FIGURES
) -> list[Score]:
    batch, shard = CandidateBatch.of(sets), Products(images, "cpu", "fp32", keep=0)
    measure = measure_on([shard], SCALE, 64, fused=False, figures=figures)
    found = batch_statistics(batch, likely_windows(batch, shard, SCALE, 64), measure, SCALE)
    return found.scores([0.0] * len(sets))


@pytest.mark.parametrize("classes", [5, 32, 33, 70, 100])
def test_a_set_has_the_same_bits_beside_its_relatives_and_alone(classes: int) -> None:
    images, sets = population(classes, 12)
    together = scores(images, sets)
    assert together == [scores(images, [each])[0] for each in sets]
    assert len({each.cross_entropy for each in together}) > 6


def test_children_that_change_a_class_cost_a_block_each() -> None:
    index = np.tile(np.arange(100), (51, 1))
    for child in range(50):
        index[child + 1, 2 * child] = 100 + child
    blocks = ClassBlocks.of(index, np.ones((51, 1)))
    assert blocks.rows.shape == (4 + 50, 25)
    for own, row in zip(blocks.index, index, strict=True):
        assert blocks.rows[own].flatten().tolist() == row.tolist()


def test_sets_with_other_windows_share_nothing() -> None:
    blocks = ClassBlocks.of(np.zeros((3, 2), dtype=np.int64), np.array([[1.0], [2.0], [1.0]]))
    assert blocks.index.tolist() == [[0], [1], [0]]
    assert blocks.lower.tolist() == [[1.0], [2.0]]


def test_equal_rows_at_another_place_are_another_block() -> None:
    """Which class a column belongs to matters for the label."""
    index = np.array([[*range(20), *range(20)]])
    assert ClassBlocks.of(index, np.ones((1, 1))).first.tolist() == [0, 20]


def test_the_class_that_is_not_there_weighs_nothing() -> None:
    """33 classes are blocks of 17 and 16: logits of a hundredth of the model's scale, where it weighed most."""
    images, sets = population(33, 0)
    (score,) = scores(images, sets)
    cosines = np.asarray(images.embeddings, dtype=np.float64) @ np.stack(sets[0]).astype(np.float64).T
    logits = SCALE * cosines
    expected = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(logits)), images.labels]
    assert score.cross_entropy == pytest.approx(expected.mean(), abs=2e-6)


def test_what_nobody_reads_is_not_reckoned() -> None:
    images, sets = population(40, 3)
    for some, every in zip(scores(images, sets, ()), scores(images, sets), strict=True):
        assert None not in (every.marginal_entropy, every.top5)
        assert some == replace(every, marginal_entropy=None, top5=None)
