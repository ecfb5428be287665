"""Heads are scored with the figures that prompts are scored with."""

from dataclasses import replace

import numpy as np
import pytest

from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.heads.head import score_head
from evaluators.heads.linear_probe import Probe, fit_probe
from evaluators.heads.tip_adapter import fit_tip_adapter
from tests.evaluators.heads.test_linear_probe import SCALE, world
from tests.fakes.reference_score import reference_score

X, Y, WORDS = world(9, seed=6, noise=2.0)
IMAGES = LabeledImages(X, Y, ("a", "b", "c", "d"), tuple(str(i) for i in range(len(Y))))


def test_a_probe_has_the_figures_of_its_logits() -> None:
    probe = fit_probe(*world(10, seed=5, noise=2.0), SCALE)
    scored = score_head(probe, IMAGES, SCALE)
    assert probe.penalty is not None
    expected = reference_score(X @ probe.weight, Y, SCALE)
    for name in ("top1", "cross_entropy", "margin"):
        assert scored.score.to_json()[name] == pytest.approx(expected[name], abs=2e-5), name
    assert np.array_equal(scored.right, (X @ probe.weight).argmax(axis=1) == Y)
    assert scored.right.sum() == scored.score.correct


def test_tip_adapter_has_the_figures_of_its_logits() -> None:
    adapter = replace(fit_tip_adapter(*world(10, seed=5, noise=2.0), SCALE), alpha=30.0)
    scored = score_head(adapter, IMAGES, SCALE)
    expected = reference_score(adapter.logits(X) / SCALE, Y, SCALE)
    assert scored.score.cross_entropy == pytest.approx(expected["cross_entropy"], abs=2e-5)
    assert np.array_equal(scored.right, adapter.logits(X).argmax(axis=1) == Y)
    assert scored.score.redundancy == 0


def test_the_redundancy_of_a_probe_does_not_depend_on_the_lengths_of_its_columns() -> None:
    plain, longer = (score_head(Probe(w, None, ()), IMAGES, SCALE).score for w in (WORDS, WORDS * np.float32(3)))
    cosines = WORDS.T @ WORDS
    assert plain.redundancy == pytest.approx(np.linalg.norm(np.triu(cosines, 1)), abs=1e-5)
    assert longer.redundancy == pytest.approx(plain.redundancy, abs=1e-5)


def test_images_some_at_a_time_have_the_same_score(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = score_head(Probe(WORDS, None, ()), IMAGES, SCALE)
    monkeypatch.setattr("evaluators.heads.head.ROWS_AT_ONCE", 7)
    parts = score_head(Probe(WORDS, None, ()), IMAGES, SCALE)
    assert parts.score.top1 == whole.score.top1
    assert parts.score.cross_entropy == pytest.approx(whole.score.cross_entropy, abs=2e-6)
    assert np.array_equal(parts.right, whole.right)
