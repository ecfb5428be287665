"""The protocol of an image-text model: what the evaluator needs of one, and nothing more."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from PIL import Image

__all__ = ["FloatArray", "ImageTextModel", "TwoStepModel"]

FloatArray = NDArray[np.float32]


class ImageTextModel(Protocol):
    """A CLIP-like model: two towers into one space of `width` dimensions."""

    @property
    def name(self) -> str:
        """What a person calls it, e.g. `ViT-B-32/laion2b_s34b_b79k`."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hex digest of architecture, weights, tokenizer, precision and products.

        The same vectors come from the same digest.
        """
        ...

    @property
    def preprocessing(self) -> str:
        """Canonical description of what is done to an image before the tower."""
        ...

    @property
    def width(self) -> int:
        """Dimension D of the shared space."""
        ...

    @property
    def context_length(self) -> int:
        """Longest text in tokens, the start and end tokens counted."""
        ...

    @property
    def logit_scale(self) -> float:
        """The factor s in `softmax(s * cosine)`, as trained (already exponentiated)."""
        ...

    def token_keys(self, texts: Sequence[str]) -> list[bytes]:
        """For each text the bytes of its token ids: equal keys mean equal features."""
        ...

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """For each text its length in tokens before any truncation, start and end tokens counted."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D] float32."""
        ...

    def encode_images(self, images: Sequence["Image.Image"]) -> FloatArray:
        """Unit-length features [len(images), D] float32 of RGB pictures."""
        ...


@runtime_checkable
class TwoStepModel(ImageTextModel, Protocol):
    """A model that lets its preprocessing run elsewhere: in threads, or in processes if it can be pickled.

    `encode_pixels([preprocess(image) for image in images])` equals `encode_images(images)`, bit for bit.
    """

    @property
    def preprocess(self) -> "Callable[[Image.Image], torch.Tensor]":
        """Makes an RGB picture into pixels [3, H, W] float32 on the CPU."""
        ...

    @property
    def image_batch(self) -> int:
        """Images that go through the tower at once."""
        ...

    @property
    def decoding_processes(self) -> int:
        """How many processes may decode and preprocess images for the tower; 0: threads do as well."""
        ...

    def encode_pixels(self, pixels: "Sequence[torch.Tensor]") -> FloatArray:
        """Unit-length features [len(pixels), D] float32 of preprocessed pictures."""
        ...
