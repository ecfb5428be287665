"""Image features are the network's own, on a device with too little memory too."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from evaluators.errors import ModelError
from evaluators.models.open_clip_model import ImageSettings, ImageTower

Hook = Callable[[int], None]


class SmallNetwork(torch.nn.Module):
    """Counts the images of every call; `before` may refuse them."""

    def __init__(self, before: Hook) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.conv = torch.nn.Conv2d(3, 4, 3)
        self.before = before
        self.batches: list[int] = []

    def encode_image(self, pixels: torch.Tensor, normalize: bool) -> torch.Tensor:
        assert normalize
        assert pixels.is_contiguous(memory_format=torch.channels_last)
        self.batches.append(len(pixels))
        self.before(len(pixels))
        return torch.nn.functional.normalize(self.conv(pixels).amax(dim=(2, 3)), dim=-1)


def fine(count: int) -> None:
    pass


def no_more_than(most: int) -> Hook:
    def check(count: int) -> None:
        if count > most:
            raise torch.OutOfMemoryError("CUDA out of memory")

    return check


def pixels(count: int) -> list[torch.Tensor]:
    return list(torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(1)))


def tower(before: Hook = fine, batch: int = 8) -> tuple[ImageTower, SmallNetwork]:
    network = SmallNetwork(before)
    return ImageTower(network, 4, "cpu", "fp32", ImageSettings(batch, autocast=False, processes=0)), network


def test_every_batch_has_the_same_size_and_every_image_its_own_features() -> None:
    made, network = tower()
    features = made.encode(pixels(19))
    assert network.batches == [8, 8, 8]
    with torch.inference_mode():
        expected = network.encode_image(torch.stack(pixels(19)).to(memory_format=torch.channels_last), normalize=True)
    np.testing.assert_allclose(features, expected.numpy(), atol=1e-6)


def test_nothing_in_nothing_out() -> None:
    assert tower()[0].encode([]).shape == (0, 4)


def test_too_little_memory_halves_the_batch_for_good_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    made, network = tower(no_more_than(2))
    features = made.encode(pixels(5))
    made.encode(pixels(3))
    assert network.batches == [8, 4, 2, 2, 2, 2, 2]
    assert caplog.messages == ["cpu has not enough memory for 8 images at once; going on with smaller batches"]
    np.testing.assert_allclose(features, tower()[0].encode(pixels(5)), atol=1e-6)


def test_after_halving_an_image_has_the_same_bits_beside_any_other() -> None:
    made, _ = tower(no_more_than(2))
    together = made.encode(pixels(9))
    for i in (0, 4, 8):
        np.testing.assert_array_equal(made.encode([pixels(9)[i]])[0], together[i])


def test_no_memory_for_one_image_is_an_error_that_says_what_to_do() -> None:
    made, _ = tower(no_more_than(0))
    with pytest.raises(ModelError, match=r"'cpu' has not enough memory for one image.*smaller model"):
        made.encode(pixels(2))


def test_another_fault_is_not_taken_for_too_little_memory() -> None:
    def refuse(count: int) -> None:
        raise RuntimeError("wrong shape")

    with pytest.raises(RuntimeError, match="wrong shape"):
        tower(refuse)[0].encode(pixels(2))


def test_autocast_keeps_what_is_not_a_product_in_float32() -> None:
    network = SmallNetwork(fine).to(torch.bfloat16)
    seen: list[torch.dtype] = []
    network.conv.register_forward_hook(lambda _, inputs, output: seen.append(output.dtype))
    made = ImageTower(network, 4, "cpu", "bf16", ImageSettings(batch=2, autocast=True, processes=0))
    features = made.encode(pixels(2))
    assert seen == [torch.bfloat16]
    np.testing.assert_allclose(features, tower()[0].encode(pixels(2)), atol=2e-2)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-6)


def test_a_gpu_gets_large_batches_processes_and_no_lower_precision_than_asked_for() -> None:
    full, half = ImageSettings.of("cuda:1", "fp32"), ImageSettings.of("cuda", "bf16")
    assert full.batch == half.batch == 256
    assert full.processes == half.processes >= 1
    assert (full.autocast, half.autocast) == (False, True)
    assert ImageSettings.of("cpu", "fp32") == ImageSettings(batch=16, autocast=False, processes=0)
