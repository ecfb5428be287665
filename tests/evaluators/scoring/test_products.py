"""Cosines are the same bit for bit whatever is multiplied beside them, and precision is a choice."""

import numpy as np
import pytest
import torch

from evaluators import LabeledImages
from evaluators.errors import ModelError
from evaluators.models.image_text_model import FloatArray
from evaluators.precision import Precision
from evaluators.scoring.products import CandidateBatch, Products
from tests.fakes.hashed_model import random_unit_rows


def split(n: int, width: int) -> LabeledImages:
    return LabeledImages(random_unit_rows(n, width), np.zeros(n, dtype=np.int64), ("c",), tuple(map(str, range(n))))


def cosines(
    images: LabeledImages, columns: list[FloatArray], precision: Precision = "fp32", device: str = "cpu"
) -> torch.Tensor:
    products = Products(images, device, precision, keep=0)
    (chunk,) = products.chunks(0, len(images), len(images))
    return products.cosines(products.matrix(columns), chunk.features)[: len(columns)]


@pytest.mark.parametrize("width", [3, 8, 512])
@pytest.mark.parametrize("n", [1, 2, 7, 64, 333, 512])
def test_the_cosines_of_a_class_do_not_depend_on_its_place_or_its_company(n: int, width: int) -> None:
    images, columns = split(n, width), list(random_unit_rows(150, width, seed=1))
    together = cosines(images, columns)
    for first, last in ((0, 1), (3, 40), (63, 66), (1, 150)):
        assert torch.equal(cosines(images, columns[first:last]), together[first:last])


def test_cosines_are_those_of_numpy() -> None:
    images, columns = split(20, 64), list(random_unit_rows(5, 64, seed=1))
    expected = np.stack(columns) @ np.asarray(images.embeddings).T
    np.testing.assert_allclose(cosines(images, columns), expected, atol=1e-6)


@pytest.mark.parametrize(("precision", "tolerance"), [("bf16", 4e-3), ("fp16", 5e-4)])
def test_half_precision_rounds_the_factors_only(precision: Precision, tolerance: float) -> None:
    images, columns = split(50, 64), list(random_unit_rows(70, 64, seed=1))
    exact, rounded = cosines(images, columns), cosines(images, columns, precision)
    assert rounded.dtype == torch.float32
    assert torch.equal(rounded, cosines(images, columns, precision, "cpu:0"))
    assert 0 < (exact - rounded).abs().max() < tolerance


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ModelError, match="unknown precision 'int8'; choose one of fp32, bf16, fp16"):
        Products(split(2, 3), "cpu", "int8", keep=0)  # type: ignore[arg-type]


@pytest.mark.parametrize(("device", "fault"), [("cuda:99", "there is no device 'cuda:99'"), ("gpu", "unknown device")])
def test_a_device_that_is_not_there_is_refused(device: str, fault: str) -> None:
    with pytest.raises(ModelError, match=fault):
        Products(split(2, 3), device, "fp32", keep=0)


def test_a_batch_multiplies_each_embedding_once() -> None:
    a, b, c = (np.array([i, 1], dtype=np.float32) for i in range(3))
    batch = CandidateBatch.of([[a, b], [a, c], [b.copy(), b]])
    assert batch.index.tolist() == [[0, 1], [0, 2], [1, 1]]
    assert len(batch.columns) == 3


def test_features_stay_on_a_device_that_has_room_for_them() -> None:
    images = split(10, 4)
    keeping, reading = Products(images, "cpu:0", "fp32", keep=160), Products(images, "cpu:0", "fp32", keep=159)
    for products, same in ((keeping, True), (reading, False)):
        first, again = (next(products.chunks(0, 10, 5)).features for _ in range(2))
        assert (first is again) is same
        assert torch.equal(first, again)
