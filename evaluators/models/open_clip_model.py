"""open_clip models behind the `ImageTextModel` protocol."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evaluators.models.image_text_model import FloatArray
from evaluators.models.image_tower import ImageTower
from evaluators.models.open_clip_loading import (
    Precision,
    check_device,
    load,
    network_digest,
    preprocessing_of,
    torch_dtype,
)
from evaluators.models.text_tower import TextTower

if TYPE_CHECKING:
    import torch
    from PIL import Image

__all__ = ["OpenClipModel", "Precision"]


class OpenClipModel:
    """Any model open_clip can build, as unit-length float32 features.

    Args:
        name: an architecture (`ViT-B-32`), `local-dir:FOLDER`, or `hf-hub:OWNER/MODEL`. A pretrained tag may follow an
            architecture after a slash: `ViT-B-32/laion2b_s34b_b79k`. Without a tag, an architecture is refused: it
            would have random weights.
        device: `cpu`, `cuda`, `cuda:1`, or `auto` (CUDA where there is one).
        precision: of weights and computation; features are always returned as float32.
        random_weights: allow an architecture without a tag, seeded with 0 (for tests and benchmarks).

    Raises:
        ModelError: if the model is unknown, can't be fetched or doesn't load, or the device isn't there.
    """

    def __init__(
        self, name: str, *, device: str = "auto", precision: Precision = "fp32", random_weights: bool = False
    ) -> None:
        self.name = name
        self.precision = precision
        self.device = check_device(device)
        dtype = torch_dtype(precision)
        model, self.preprocess, self._tokenizer = load(name, self.device, random_weights)
        self.logit_scale = float(model.logit_scale.detach().exp())  # before the cast: bfloat16 makes 99 of 100
        self._model = model.to(dtype)
        self._text_tower = TextTower(self._model, self._tokenizer, self.device, 1e-5 if precision == "fp32" else 2e-2)
        self.context_length = self._text_tower.context_length
        self.cut_is_exact = self._text_tower.cut_is_exact
        self.width = self._text_tower.width
        self.preprocessing = preprocessing_of(self._model)
        self.fingerprint = network_digest(self._model, precision, self._text_tower.probe_tokens())
        self._image_tower = ImageTower(self._model, self.width, self.device, precision)  # changes the layout of weights

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
    def image_batch(self) -> int:
        """Images that go through the tower at once."""
        return self._image_tower.batch

    @property
    def decoding_processes(self) -> int:
        """How many processes may decode and preprocess images for the tower; 0: threads do as well."""
        return self._image_tower.processes
