"""A model that preprocesses apart from encoding; in a file that worker processes can import."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from evaluators.models.image_text_model import FloatArray
from tests.fakes.pixel_model import PixelModel

if TYPE_CHECKING:
    import torch

__all__ = ["ShrinkingModel", "shrink", "shrink_slowly"]


def shrink(image: Image.Image) -> "torch.Tensor":
    """A preprocessing without a network: pixels [3, 4, 4] float32."""
    import torch

    small = np.asarray(image.resize((4, 4)), dtype=np.float32)
    return torch.from_numpy(small / 255).permute(2, 0, 1).contiguous()


def shrink_slowly(image: Image.Image) -> "torch.Tensor":
    """The same, so slowly that nobody waits for its end."""
    time.sleep(0.05)
    return shrink(image)


@dataclass
class ShrinkingModel(PixelModel):
    """Implements `TwoStepModel`; counts in `pictures` what it was given."""

    decoding_processes: int = 0
    image_batch: int = 8

    preprocess = staticmethod(shrink)

    def encode_pixels(self, pixels: "Sequence[torch.Tensor]") -> FloatArray:
        self.pictures += [Image.new("RGB", (1, 1)) for _ in pixels]
        rows = np.stack([own.numpy().ravel()[: self.width] for own in pixels])
        unit: FloatArray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit
