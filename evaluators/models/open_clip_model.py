"""open_clip models behind the `ImageTextModel` protocol, and their image tower.

Images go through the tower in batches of one shape, so that an image has the same bits beside any other;
`evaluators.models.text_tower` tells why the shape matters.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from evaluators.errors import ModelError
from evaluators.models.devices import check_device
from evaluators.models.image_text_model import FloatArray
from evaluators.models.open_clip_loading import (
    load,
    network_digest,
    preprocessing_of,
    torch_dtype,
)
from evaluators.models.text_tower import TextTower, filled, unit_rows
from evaluators.precision import Precision, ProductsBy

if TYPE_CHECKING:
    import torch
    from PIL import Image

__all__ = ["ImageSettings", "ImageTower", "OpenClipModel"]


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """How images go through a tower on one kind of device.

    Attributes:
        batch: images per call of the network.
        autocast: let torch choose the precision of each operation, so that sums and norms stay in float32.
        processes: how many may decode; 0 where the tower itself needs all cores.
    """

    batch: int
    autocast: bool
    processes: int

    @classmethod
    def of(cls, device: str, precision: Precision) -> "ImageSettings":
        """What is best on a device, e.g. `cuda:1`.

        On two cores ViT-B-32 and RN50 were no faster with 64 images per batch than with 16, and beside such a tower
        decoding takes so little time that processes have nothing to win.

        >>> ImageSettings.of("cpu", "bf16")
        ImageSettings(batch=16, autocast=False, processes=0)
        """
        if not device.startswith("cuda"):
            return cls(batch=16, autocast=False, processes=0)
        return cls(batch=256, autocast=precision != "fp32", processes=_cores())


class ImageTower:
    """Encodes preprocessed pictures with an open_clip network.

    Args:
        network: the whole model, in evaluation mode, its weights already in their precision. They are laid out with
            the channels last: RN50 is 1.3 times faster so on a CPU, a ViT no slower.
        width: D of its features.
        device: where the weights are.
        precision: of the weights.
        settings: how to encode; None for the best on the device.
    """

    def __init__(
        self,
        network: "torch.nn.Module",
        width: int,
        device: str,
        precision: Precision,
        settings: ImageSettings | None = None,
    ) -> None:
        import torch

        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._width = width
        self._device = device
        self._precision = precision
        self._settings = settings or ImageSettings.of(device, precision)
        self._warned = False
        self.batch = self._settings.batch
        self.processes = self._settings.processes

    def encode(self, pixels: Sequence["torch.Tensor"]) -> FloatArray:
        """Unit-length features [len(pixels), D] float32 of pixels [3, H, W] float32 each.

        If the device has too little memory, smaller batches are used from then on. Features may differ from those of
        larger batches in the last bit.

        Raises:
            ModelError: if there is not enough memory for a single image.
        """
        features = [np.empty((0, self._width), dtype=np.float32)]
        done = 0
        while done < len(pixels):
            encoded = self._tried(pixels[done : done + self.batch])
            if encoded is None:
                self._halve()
                continue
            features.append(encoded)
            done += len(encoded)
        return np.concatenate(features)

    def _tried(self, pixels: Sequence["torch.Tensor"]) -> FloatArray | None:
        """The features of one batch; None if it does not fit. The error holds on to memory, so it ends here."""
        import torch

        try:
            return self._encode(pixels)
        except torch.OutOfMemoryError:
            return None

    def _encode(self, pixels: Sequence["torch.Tensor"]) -> FloatArray:
        import torch

        dtype = torch_dtype(self._precision)
        with torch.inference_mode(), self._autocast():
            # One copy each: a picture from a worker process lies in pinned memory, and nothing waits for it.
            moved = [own.to(self._device, non_blocking=True) for own in pixels]
            batch = torch.stack(filled(moved, self.batch)).to(dtype, memory_format=torch.channels_last)
            return unit_rows(self._network.encode_image(batch, normalize=True))[: len(pixels)]

    def _autocast(self) -> AbstractContextManager[object]:
        import torch

        if not self._settings.autocast:
            return nullcontext()
        return torch.autocast(torch.device(self._device).type, torch_dtype(self._precision))

    def _halve(self) -> None:
        import torch

        if self.batch == 1:
            raise ModelError(
                f"the device {self._device!r} has not enough memory for one image; "
                "free some, or choose another device, a smaller model or precision bf16"
            )
        if not self._warned:
            logging.getLogger(__name__).warning(
                "%s has not enough memory for %d images at once; going on with smaller batches",
                self._device,
                self.batch,
            )
            self._warned = True
        self.batch //= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class OpenClipModel:
    """Any model open_clip can build, as unit-length float32 features.

    Args:
        name: an architecture (`ViT-B-32`), `local-dir:FOLDER`, or `hf-hub:OWNER/MODEL`. A pretrained tag may follow an
            architecture after a slash: `ViT-B-32/laion2b_s34b_b79k`. Without a tag, an architecture is refused: it
            would have random weights.
        device: `cpu`, `cuda`, `cuda:1`, or `auto` (CUDA where there is one).
        precision: of weights and computation; features are always returned as float32.
        products: `onednn` for oneDNN's products on a processor with AVX-512, in `fp32`: faster where torch's own use
            less than that, and rounded otherwise, so that the features are others by up to 1e-6. See
            `evaluators.models.onednn`.
        random_weights: allow an architecture without a tag, seeded with 0 (for tests and benchmarks).

    Attributes:
        weights_fingerprint: the fingerprint it would have with torch's products.

    Raises:
        ModelError: if the model is unknown, can't be fetched or doesn't load, the device isn't there, or such products
            can't be had.
    """

    def __init__(
        self,
        name: str,
        *,
        device: str = "auto",
        precision: Precision = "fp32",
        products: ProductsBy = "torch",
        random_weights: bool = False,
    ) -> None:
        self.name = name
        self.precision = precision
        self.products = products
        self.device = check_device(device)
        _check_products(products, self.device, precision)
        dtype = torch_dtype(precision)
        model, self.preprocess, self._tokenizer = load(name, self.device, random_weights)
        self.logit_scale = float(model.logit_scale.detach().exp())  # before the cast: bfloat16 makes 99 of 100
        self._model = model.to(dtype)
        network = _with_products(self._model, products)
        self._text_tower = TextTower(network, self._tokenizer, self.device, 1e-5 if precision == "fp32" else 2e-2)
        self.context_length = self._text_tower.context_length
        self.cut_is_exact = self._text_tower.cut_is_exact
        self.width = self._text_tower.width
        self.preprocessing = preprocessing_of(self._model)
        self.weights_fingerprint = network_digest(self._model, precision, self._text_tower.probe_tokens())
        self.fingerprint = _with_products_told(self.weights_fingerprint, products)
        self._image_tower = ImageTower(network, self.width, self.device, precision)  # changes the layout of weights

    def token_keys(self, texts: Sequence[str]) -> list[bytes]:
        """For each text the bytes of its token ids, padding included."""
        return self._text_tower.token_keys(texts)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """For each text its length in tokens before truncation, start and end tokens counted."""
        return self._text_tower.token_counts(texts)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D] float32, equal to `model.encode_text(..., normalize=True)`."""
        return self._text_tower.encode(texts)

    def encode_images(self, images: Sequence["Image.Image"]) -> FloatArray:
        """Unit-length features [len(images), D] float32, equal to `model.encode_image(..., normalize=True)`."""
        return self._image_tower.encode([self.preprocess(image) for image in images])

    def encode_pixels(self, pixels: Sequence["torch.Tensor"]) -> FloatArray:
        """Unit-length features [len(pixels), D] float32 of what `preprocess` made of images, [3, H, W] float32 each."""
        return self._image_tower.encode(pixels)

    @property
    def network(self) -> "torch.nn.Module":
        """open_clip's own network, in evaluation mode, in its precision and on its device; not to be changed."""
        network: torch.nn.Module = self._model
        return network

    @property
    def image_batch(self) -> int:
        """Images that go through the tower at once."""
        return self._image_tower.batch

    @property
    def decoding_processes(self) -> int:
        """How many processes may decode and preprocess images for the tower; 0: threads do as well."""
        return self._image_tower.processes


def _check_products(products: ProductsBy, device: str, precision: Precision) -> None:
    if products not in get_args(ProductsBy):
        raise ModelError(f"unknown products {products!r}; choose one of {', '.join(get_args(ProductsBy))}")
    if products == "onednn":
        from evaluators.models.onednn import why_not

        if reason := why_not(device, precision):
            raise ModelError(reason)


def _with_products(network: "torch.nn.Module", products: ProductsBy) -> "torch.nn.Module":
    if products == "torch":
        return network
    from evaluators.models.onednn import through_onednn

    return through_onednn(network)


def _with_products_told(fingerprint: str, products: ProductsBy) -> str:
    """Another fingerprint for other products; for torch's the same, as features are stored under it."""
    return fingerprint if products == "torch" else hashlib.sha256(f"{fingerprint}\n{products}".encode()).hexdigest()
