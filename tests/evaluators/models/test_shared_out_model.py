"""A model on several devices gives what it gives on one; devices that can't be are named."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from evaluators import Evaluator, OpenClipModel, PromptSet, TextEncoder
from evaluators.errors import ModelError
from evaluators.models.devices import check_devices, product_devices
from evaluators.models.image_text_model import TwoStepModel
from evaluators.models.shared_out_model import SharedOutModel
from tests.evaluators.scoring.test_evaluator import NAMES, images
from tests.fakes.pixel_model import PixelModel
from tests.fakes.tiny_clip import save_tiny_clip


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> list[OpenClipModel]:
    name = save_tiny_clip(tmp_path_factory.mktemp("tiny-clip"))
    return [OpenClipModel(name, device=device) for device in ("cpu", "cpu:0", "cpu")]


def test_images_have_the_same_bits_whichever_copy_encodes_them(copies: list[OpenClipModel]) -> None:
    rng = np.random.default_rng(0)
    for n in (0, 1, 16, 17, 100):
        pictures = [Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)) for _ in range(n)]
        shared = SharedOutModel(copies).encode_images(pictures)
        assert np.array_equal(shared, copies[0].encode_images(pictures))


def test_texts_have_the_same_bits_whichever_copy_encodes_them(copies: list[OpenClipModel]) -> None:
    texts = [f"a photo of {'very ' * (i % 9)}thing number {i}." for i in range(200)]
    for n in (0, 1, 100, 200):
        assert np.array_equal(SharedOutModel(copies).encode_texts(texts[:n]), copies[0].encode_texts(texts[:n]))


def test_every_copy_gets_a_share(copies: list[OpenClipModel], monkeypatch: pytest.MonkeyPatch) -> None:
    shares = []
    for copy in copies:

        def encode(pixels: Sequence[torch.Tensor], own: OpenClipModel = copy) -> np.ndarray:
            shares.append(len(pixels))
            return np.zeros((len(pixels), own.width), dtype=np.float32)

        monkeypatch.setattr(copy, "encode_pixels", encode)
    SharedOutModel(copies).encode_pixels([torch.zeros(3, 32, 32)] * 100)
    assert sorted(shares) == [32, 32, 36]


def test_it_is_a_model_like_its_copies(copies: list[OpenClipModel]) -> None:
    shared = SharedOutModel(copies)
    assert isinstance(shared, TwoStepModel)
    assert shared.fingerprint == copies[0].fingerprint
    assert shared.image_batch == 3 * copies[0].image_batch
    assert shared.devices == ("cpu", "cpu:0", "cpu")


def test_products_run_where_the_model_is_if_that_is_cuda() -> None:
    class Placed(PixelModel):
        device = "cuda:1"

    class Shared(PixelModel):
        devices = ("cuda:0", "cuda:1")

    class Apple(PixelModel):
        device = "mps"

    assert product_devices(Placed()) == ("cuda:1",)
    assert product_devices(Shared()) == ("cuda:0", "cuda:1")
    assert product_devices(Apple()) == product_devices(PixelModel()) == ("cpu",)


def test_an_evaluator_without_devices_takes_those_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluators.scoring.evaluator.product_devices", lambda model: ("cpu", "cpu:0"))
    candidate = PromptSet.of(NAMES, ["a {}"])
    shared = Evaluator(images(1100), TextEncoder(PixelModel(), tmp_path))
    assert shared.devices == ("cpu", "cpu:0")
    alone = Evaluator(images(1100), TextEncoder(PixelModel(), tmp_path), devices=["cpu"])
    assert shared.score([candidate]) == alone.score([candidate])


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["cuda:5"], "no device 'cuda:5' here; there are: cpu, cuda:0, cuda:1"),
        (["cuda:0", "cpu"], "must be of one kind"),
        (["cuda", "cuda:0"], "named twice"),
        (["gpu"], "unknown device 'gpu'"),
        ([], "no device is named"),
    ],
)
def test_devices_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, names: list[str], told: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ModelError, match=told):
        check_devices(names)


def test_auto_is_decided() -> None:
    assert check_devices(["auto"])[0].partition(":")[0] in ("cpu", "cuda")
