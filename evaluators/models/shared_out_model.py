"""One model on several devices, which share the images and texts between them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from evaluators.models.image_text_model import FloatArray
from evaluators.models.open_clip_model import OpenClipModel

if TYPE_CHECKING:
    import torch
    from PIL import Image

__all__ = ["FEWEST_TEXTS", "SharedOutModel", "encode_in_shares"]

FEWEST_TEXTS = 64
"""Texts for a device below which sharing them out costs more than it brings."""

Item = TypeVar("Item")


def encode_in_shares(
    texts: Sequence[str], most: int, encode: Callable[[Sequence[list[str]]], Sequence[FloatArray]]
) -> FloatArray:
    """Unit-length features [len(texts), D] of texts in at most so many shares.

    Args:
        encode: gives the features of every share.
    """
    shares = max(1, min(most, len(texts) // FEWEST_TEXTS))
    # Every n-th text to each, so that all get texts of all lengths.
    parts = encode([list(texts[i::shares]) for i in range(shares)])
    features = np.empty((len(texts), parts[0].shape[1]), dtype=np.float32)
    for i, part in enumerate(parts):
        features[i::shares] = part
    return features


class SharedOutModel:
    """Copies of one model, one on each device.

    Batches have the same shape on every device, so an image or text has the same features whichever of them encodes
    it, bit for bit if the devices are of one make.

    Args:
        copies: at least one, equal but for their devices.
    """

    def __init__(self, copies: Sequence[OpenClipModel]) -> None:
        first = copies[0]
        self._copies = tuple(copies)
        self.name, self.precision, self.products = first.name, first.precision, first.products
        self.weights_fingerprint = first.weights_fingerprint
        self.fingerprint, self.preprocessing, self.preprocess = first.fingerprint, first.preprocessing, first.preprocess
        self.width, self.context_length, self.logit_scale = first.width, first.context_length, first.logit_scale
        self.cut_is_exact = first.cut_is_exact
        self.device = first.device
        self.devices = tuple(copy.device for copy in copies)

    @property
    def network(self) -> "torch.nn.Module":
        """The first copy's network, see `OpenClipModel.network`."""
        return self._copies[0].network

    def token_keys(self, texts: Sequence[str]) -> list[bytes]:
        """For each text the bytes of its token ids, padding included."""
        return self._copies[0].token_keys(texts)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """For each text its length in tokens before truncation, start and end tokens counted."""
        return self._copies[0].token_counts(texts)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D] float32."""
        return encode_in_shares(
            texts, len(self._copies), lambda shares: self._on_each(shares, lambda copy: copy.encode_texts)
        )

    def encode_images(self, images: Sequence["Image.Image"]) -> FloatArray:
        """Unit-length features [len(images), D] float32 of RGB pictures."""
        return self.encode_pixels([self.preprocess(image) for image in images])

    def encode_pixels(self, pixels: Sequence["torch.Tensor"]) -> FloatArray:
        """Unit-length features [len(pixels), D] float32 of what `preprocess` made of images, [3, H, W] float32 each."""
        batch = self._copies[0].image_batch
        batches, shares = -(-len(pixels) // batch), len(self._copies)
        ends = [batch * (batches * i // shares) for i in range(shares + 1)]
        parts = [pixels[start:end] for start, end in pairwise(ends)]
        return np.concatenate(self._on_each(parts, lambda copy: copy.encode_pixels))

    @property
    def image_batch(self) -> int:
        """Images that go through the towers at once, those of all devices together."""
        return sum(copy.image_batch for copy in self._copies)

    @property
    def decoding_processes(self) -> int:
        """How many processes may decode and preprocess images for the towers; 0: threads do as well."""
        return max(copy.decoding_processes for copy in self._copies)

    def _on_each(
        self,
        parts: Sequence[Sequence[Item]],
        encode: Callable[[OpenClipModel], Callable[[Sequence[Item]], FloatArray]],
    ) -> list[FloatArray]:
        """What the copies make of their parts, each in a thread of its own."""
        if len(parts) == 1:
            return [encode(self._copies[0])(parts[0])]
        with ThreadPoolExecutor(len(parts)) as pool:
            return list(pool.map(lambda copy, part: encode(copy)(part), self._copies, parts))
