"""Tip-Adapter's logits are those of the paper's formula; where images say nothing, they are the words' alone."""

from dataclasses import replace

import numpy as np
import pytest

from evaluators.heads.tip_adapter import ALPHAS, BETAS, fit_tip_adapter
from tests.evaluators.heads.test_linear_probe import SCALE, world
from tests.fakes.hashed_model import random_unit_rows


def test_the_logits_are_those_of_equation_5() -> None:
    x, y, words = world(5, seed=3, noise=2.0)
    new, _, _ = world(7, seed=4, noise=2.0)
    adapter = replace(fit_tip_adapter(x, y, words, SCALE), alpha=10.0, beta=3.0)
    one_hot = np.eye(4)[y]
    affinities = np.exp(-3.0 * (1 - new.astype(np.float64) @ x.T))
    expected = SCALE * new.astype(np.float64) @ words + 10.0 / 5 * affinities @ one_hot
    assert np.allclose(adapter.logits(new), expected, atol=1e-4)


def test_it_classifies_new_images_better_than_words_that_are_off() -> None:
    x, y, words = world(12, seed=3, noise=2.0)
    new, truth, _ = world(200, seed=4, noise=2.0)
    adapter = fit_tip_adapter(x, y, words, SCALE)
    right, zero_shot = ((logits.argmax(axis=1) == truth).mean() for logits in (adapter.logits(new), new @ words))
    assert adapter.alpha > 0
    assert right > zero_shot + 0.03


def test_with_one_image_a_class_the_words_alone_decide() -> None:
    x, y, words = world(1, seed=3, noise=2.0)
    adapter = fit_tip_adapter(x, y, words, SCALE)
    assert (adapter.alpha, adapter.cross_validated) == (0, ())
    assert np.allclose(adapter.logits(x), SCALE * x @ words, atol=1e-5)


def test_an_image_has_no_vote_on_itself() -> None:
    """Images that have nothing in common but themselves: a vote on oneself would be always right."""
    x = np.eye(16, dtype=np.float32)
    y = np.arange(16) % 2
    words = np.ascontiguousarray(random_unit_rows(2, 16).T)
    tried = fit_tip_adapter(x, y, words, SCALE).cross_validated
    losses = {(alpha, beta): loss for alpha, beta, loss in tried}
    assert losses[300.0, 1.0] == pytest.approx(losses[0.0, 1.0], abs=1e-3)


def test_the_least_cross_entropy_of_the_grid_is_chosen() -> None:
    x, y, words = world(6, seed=5, noise=2.0)
    adapter = fit_tip_adapter(x, y, words, SCALE)
    assert [(alpha, beta) for alpha, beta, _ in adapter.cross_validated] == [(a, b) for a in ALPHAS for b in BETAS]
    assert (adapter.alpha, adapter.beta) == min(adapter.cross_validated, key=lambda each: each[2])[:2]


def test_images_some_at_a_time_give_the_same_choice_and_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, words = world(6, seed=5, noise=2.0)
    whole = fit_tip_adapter(x, y, words, SCALE)
    monkeypatch.setattr("evaluators.heads.tip_adapter.NUMBERS_AT_ONCE", 100)
    parts = fit_tip_adapter(x, y, words, SCALE)
    assert (parts.alpha, parts.beta) == (whole.alpha, whole.beta)
    assert np.allclose(parts.logits(x), whole.logits(x), atol=1e-5)
