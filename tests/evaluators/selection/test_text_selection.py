"""The greedy selection, held against the plain way: every change of every class tried and scored from scratch."""

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.fitted_scale import cross_entropies
from evaluators.selection import text_selection
from evaluators.selection.selected import Chosen
from evaluators.selection.text_selection import TextFeatures, select_texts, weights_of
from tests.fakes.hashed_model import random_unit_rows

CLASSES, WIDTH, TEXTS, SCALE = 4, 12, 9, 12.0


def library(seed: int = 0) -> TextFeatures:
    texts = [random_unit_rows(TEXTS, WIDTH, seed=seed * 100 + c) for c in range(CLASSES)]
    prior = weights_of(TextFeatures(texts, np.zeros((CLASSES, WIDTH), np.float32), ()), ((0, 1, 2),) * CLASSES).T
    return TextFeatures(texts, np.ascontiguousarray(prior), [(0,)] * CLASSES)


def images(n: int = 60, seed: int = 5) -> tuple[FloatArray, NDArray[np.int64]]:
    return random_unit_rows(n, WIDTH, seed=seed), np.arange(n, dtype=np.int64) % CLASSES


def objective(chosen: Chosen, x: FloatArray, y: NDArray[np.int64], features: TextFeatures, hold: float) -> float:
    weights = weights_of(features, chosen)
    apart = sum(1 - float(weights[:, c] @ features.prior[c]) for c in range(CLASSES))
    return float(cross_entropies(x @ weights, y, SCALE).sum()) + hold * apart / features.spread


def changes(own: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    dropped = [tuple(t for t in own if t != gone) for gone in own] if len(own) > 1 else []
    added = [tuple(sorted((*own, t))) for t in range(TEXTS) if t not in own] if len(own) < most else []
    return dropped + added


def plain_way(x: FloatArray, y: NDArray[np.int64], features: TextFeatures, hold: float, most: int) -> Chosen:
    chosen = [tuple(own) for own in features.start]
    moved = True
    while moved:
        moved = False
        for c in range(CLASSES):
            here = objective(tuple(chosen), x, y, features, hold)
            tried = [
                (objective((*chosen[:c], own, *chosen[c + 1 :]), x, y, features, hold), own)
                for own in changes(chosen[c], most)
            ]
            best, own = min(tried)
            if best < here - 1e-6:
                chosen[c], moved = own, True
    return tuple(chosen)


@pytest.mark.parametrize("hold", [0.0, 5.0])
@pytest.mark.parametrize("seed", range(3))
def test_all_changes_at_once_lead_to_the_choices_of_the_plain_way(hold: float, seed: int) -> None:
    (x, y), features = images(seed=seed), library(seed)
    found = select_texts(x, y, features, SCALE, hold=hold, most=4)
    assert found == plain_way(x, y, features, hold, most=4)
    assert found != tuple(tuple(own) for own in features.start)


def test_logits_too_far_apart_for_exponentials_lead_to_the_choices_of_the_plain_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_selection, "LARGEST_STEP", -np.inf)
    (x, y), features = images(), library()
    assert select_texts(x, y, features, SCALE, hold=5.0, most=4) == plain_way(x, y, features, 5.0, most=4)


def test_products_that_are_too_many_to_be_kept_lead_to_the_same_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = select_texts(*images(), library(), SCALE, hold=5.0, most=4)
    monkeypatch.setattr(text_selection, "KEPT_PRODUCTS", 0)
    assert select_texts(*images(), library(), SCALE, hold=5.0, most=4) == kept


def test_no_change_is_made_for_what_is_only_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of images that are told apart so well that a sum in single precision is all noise."""
    directions, y = random_unit_rows(10, 16, seed=1), np.arange(600, dtype=np.int64) % 10
    x = unit(directions[y] + np.float32(0.1) * random_unit_rows(600, 16, seed=2))
    texts = [unit(each + np.float32(0.3) * random_unit_rows(9, 16, seed=10 + c)) for c, each in enumerate(directions)]
    features = TextFeatures(texts, np.stack([own.mean(axis=0) for own in texts]), [(0,)] * 10)
    losses = [float(cross_entropies(x @ weights_of(features, ((0,),) * 10), y, 30.0).sum())]
    take = text_selection._State._take

    def watched(state: text_selection._State, c: int, text: int, sign: float) -> bool:
        taken = take(state, c, text, sign)
        if taken:
            losses.append(float(cross_entropies(x @ weights_of(features, state.chosen), y, 30.0).sum()))
        return taken

    monkeypatch.setattr(text_selection._State, "_take", watched)
    select_texts(x, y, features, 30.0, hold=0.0, most=9)
    assert len(losses) > 5
    assert losses == sorted(losses, reverse=True)


def unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_no_class_has_more_texts_than_allowed_or_none() -> None:
    found = select_texts(*images(), library(), SCALE, hold=0.0, most=2)
    assert {len(own) for own in found} <= {1, 2}


def test_a_strong_hold_stays_near_the_prior_and_a_weak_one_fits_the_images_better() -> None:
    (x, y), features = images(), library()
    held, free = (select_texts(x, y, features, SCALE, hold=hold, most=9) for hold in (1e6, 0.0))
    near, far = (float((weights_of(features, c).T * features.prior).sum()) for c in (held, free))
    assert near > far
    assert near == pytest.approx(CLASSES, abs=1e-4)
    losses = [cross_entropies(x @ weights_of(features, c), y, SCALE).mean() for c in (held, free)]
    assert losses[1] < losses[0]


def test_with_many_images_a_class_is_weighed_on_those_it_has_a_part_in(monkeypatch: pytest.MonkeyPatch) -> None:
    (x, y), features = images(n=400), library()
    start = tuple(tuple(own) for own in features.start)
    monkeypatch.setattr(text_selection, "ROWS_AT_ONCE", 200)
    found = select_texts(x, y, features, SCALE, hold=0.0, most=4)
    assert objective(found, x, y, features, 0.0) < objective(start, x, y, features, 0.0)


def test_a_selection_has_one_thread_of_blas_and_leaves_the_others_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    def threads() -> set[int]:
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    seen: list[set[int]] = []

    def broken(*_: object) -> bool:
        seen.append(threads())
        raise ArithmeticError

    x, y = images()
    with threadpool_limits(2, "blas"):
        before = threads()
        monkeypatch.setattr("evaluators.selection.text_selection._State.improve", broken)
        with pytest.raises(ArithmeticError):
            select_texts(x, y, library(), 20.0, hold=1.0, most=3)
        assert threads() == before
    assert seen == [{1} if before else set()]  # as where BLAS is macOS's own, whose threads nobody can limit
