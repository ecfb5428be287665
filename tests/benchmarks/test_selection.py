"""The benchmark of the selection, on a world of its own."""

import numpy as np
import pytest

from benchmarks import selection
from evaluators import ClassLabel, TextLibrary
from evaluators.selection.text_selection import TextFeatures, weights_of
from tests.fakes.hashed_model import random_unit_rows


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> tuple[TextLibrary, TextFeatures]:
    monkeypatch.setattr(selection, "DRAWS", 3)
    labels = tuple(ClassLabel(name, name) for name in ("ash", "elm", "oak"))
    library = TextLibrary(labels, tuple(f"{word} {{}}" for word in ("a", "one", "the", "my")), ((), (), ()))
    texts = [random_unit_rows(4, 16, seed=c) for c in range(3)]
    prior = weights_of(TextFeatures(texts, np.zeros((3, 16), np.float32), ()), ((0, 1, 2, 3),) * 3).T
    return library, TextFeatures(texts, np.ascontiguousarray(prior), [(0,)] * 3)


def test_a_gain_is_measured_on_images_that_were_not_drawn(world: tuple[TextLibrary, TextFeatures]) -> None:
    library, features = world
    x, y = random_unit_rows(60, 16, seed=9), np.arange(60) % 3
    figure = selection._gain(4, 3.0, x, y, library, features, 10.0)
    assert -100 <= figure.value <= 100
    assert figure.note.startswith("standard error")


def test_the_plain_way_is_slower(world: tuple[TextLibrary, TextFeatures]) -> None:
    _, features = world
    figure = selection._ratio(random_unit_rows(400, 16, seed=9), np.arange(400) % 3, features, 10.0)
    assert figure.value > 0
    assert figure.unit == "x"
