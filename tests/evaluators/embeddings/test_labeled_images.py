"""A split is checked when it is made."""

from typing import Any

import numpy as np
import pytest

from evaluators import LabeledImages
from evaluators.errors import DataError


def split(**changes: Any) -> LabeledImages:
    parts: dict[str, Any] = {
        "embeddings": np.eye(3, dtype=np.float32),
        "labels": np.array([0, 1, 0]),
        "class_ids": ("cat", "dog"),
        "image_ids": ("cat/1.png", "dog/1.png", "cat/2.png"),
    }
    return LabeledImages(**(parts | changes))


def test_a_good_split_counts_its_images() -> None:
    assert len(split()) == 3


def test_an_empty_split_is_refused() -> None:
    empty = {"embeddings": np.empty((0, 3), dtype=np.float32), "labels": np.empty(0, dtype=np.int64), "image_ids": ()}
    with pytest.raises(DataError, match="no images"):
        split(**empty)


@pytest.mark.parametrize(
    "change",
    [
        {"embeddings": np.zeros((2, 3), dtype=np.float32)},
        {"embeddings": np.zeros(3, dtype=np.float32)},
        {"labels": np.array([0, 1])},
        {"labels": np.array([[0], [1], [0]])},
        {"image_ids": ("a", "b")},
    ],
)
def test_parts_that_do_not_fit_are_refused_with_their_shapes(change: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"images need embeddings \[\d, D\]"):
        split(**change)


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_out_of_range_names_its_image(label: int) -> None:
    with pytest.raises(DataError, match=rf"'dog/1.png' has label {label}, but there are 2 classes"):
        split(labels=np.array([0, label, 0]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_name_their_image(value: float) -> None:
    features = np.eye(3, dtype=np.float32)
    features[1, 2] = value
    with pytest.raises(DataError, match=r"'dog/1.png' are not finite \(1 such images\)"):
        split(embeddings=features)
