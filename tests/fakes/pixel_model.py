"""An image-text model without weights: a picture's features are its mean colour, a text's are its hashed words."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from evaluators.models.image_text_model import FloatArray

WIDTH = 8


@dataclass
class PixelModel:
    """Implements `ImageTextModel`; remembers what it was asked to encode."""

    name: str = "pixels"
    fingerprint: str = "5ca1ab1e"
    preprocessing: str = "mean colour"
    width: int = WIDTH
    context_length: int = 77
    logit_scale: float = 100.0
    pictures: list[Image.Image] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def token_keys(self, texts: Sequence[str]) -> list[bytes]:
        return [" ".join(text.lower().split()).encode() for text in texts]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        self.texts += texts
        words = [[_direction(word) for word in ["", *text.lower().split()]] for text in texts]
        return _unit(np.array([np.mean(vectors, axis=0) for vectors in words]))

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        assert all(image.mode == "RGB" for image in images)
        self.pictures += images
        means = np.array([np.asarray(image, dtype=np.float64).mean(axis=(0, 1)) for image in images])
        padding = np.ones((len(images), self.width - 3))
        return _unit(np.concatenate([means, padding], axis=1))


def _direction(word: str) -> FloatArray:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32)


def _unit(vectors: np.ndarray) -> FloatArray:
    lengths: FloatArray = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / lengths, dtype=np.float32)
