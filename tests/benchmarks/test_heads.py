"""The gains of the benchmark of heads are differences to the photo template on the images it is given."""

import numpy as np
import pytest

from benchmarks.heads import ENSEMBLE, PHOTO, Draw, gains
from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.heads.linear_probe import fit_probe
from tests.evaluators.heads.test_linear_probe import SCALE, top1, world


def images(per_class: int, seed: int) -> LabeledImages:
    x, y, _ = world(per_class, seed=seed, noise=2.0)
    return LabeledImages(x, y, ("a", "b", "c", "d"), tuple(map(str, range(len(y)))))


def test_every_head_is_measured_against_the_photo_template() -> None:
    words = world(1, seed=1, noise=2.0)[2]
    other = np.ascontiguousarray(words[::-1])
    draw = Draw(6, images(12, seed=3), images(100, seed=4))
    found = gains(draw, {PHOTO: words, ENSEMBLE: other}, SCALE)
    x, y = np.asarray(draw.test.embeddings), draw.test.labels
    probe = fit_probe(np.asarray(draw.labelled.embeddings), draw.labelled.labels, words, SCALE)
    heads = [f"{head} {name}" for name in (PHOTO, ENSEMBLE) for head in ("probe from", "Tip-Adapter on")]
    assert set(found) == {ENSEMBLE, *heads}
    assert found[ENSEMBLE] == pytest.approx(100 * (top1(other, x, y) - top1(words, x, y)), abs=1e-3)
    assert found[f"probe from {PHOTO}"] == pytest.approx(100 * (top1(probe.weight, x, y) - top1(words, x, y)), abs=1e-3)
