"""Cosines of images with classes, in products of one fixed shape.

The last bits of a matrix product depend on the shapes of its factors. Every product here has the same number of
classes, filled up with zeros, and the same number of images, so that the cosine of an image with a class is the same
bit for bit whatever is multiplied beside it. A class embedding that several sets share is multiplied once, and two
classes with one embedding have one cosine, so that a tie is a tie.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from evaluators.errors import ModelError
from evaluators.models.devices import check_device
from evaluators.models.image_text_model import FloatArray
from evaluators.precision import Precision
from evaluators.scoring.class_blocks import NOTHING_THERE
from evaluators.scoring.scratch import Scratch

if TYPE_CHECKING:
    import torch

    from evaluators.embeddings.labeled_images import LabeledImages

__all__ = ["CandidateBatch", "ImageChunk", "Products", "classes_per_product", "images_per_product", "logits_per_block"]


def images_per_product(device: str) -> int:
    """Images of one product: a chunk that stays near a processor, and keeps a GPU busy."""
    return 512 if device.partition(":")[0] == "cpu" else 4096


def classes_per_product(device: str) -> int:
    """Classes of one product."""
    return 64 if device.partition(":")[0] == "cpu" else 4096


def logits_per_block(device: str) -> int:
    """Logits reduced at once in the eager way: 1 MB stays near a processor, 16 MB in the cache of a large GPU."""
    return 2**18 if device.partition(":")[0] == "cpu" else 2**22


@dataclass(frozen=True, slots=True, eq=False)
class CandidateBatch:
    """P prompt sets that are scored together, over their U different class embeddings.

    Attributes:
        columns: the U embeddings [D] float32.
        index: [P, C] int64, which of them every set's every class has.
    """

    columns: Sequence[FloatArray]
    index: NDArray[np.int64]

    @classmethod
    def of(cls, sets: Sequence[Sequence[FloatArray]]) -> "CandidateBatch":
        """Sets given by the embeddings [D] of their C classes."""
        rows: dict[bytes, int] = {}
        known: dict[int, int] = {}
        different: list[FloatArray] = []
        for column in {id(column): column for own in sets for column in own}.values():
            row = rows.setdefault(column.tobytes(), len(rows))
            known[id(column)] = row
            if row == len(different):
                different.append(column)
        return cls(different, np.array([[known[id(column)] for column in own] for own in sets]))

    def some(self, sets: Sequence[int]) -> "CandidateBatch":
        """Some of the sets."""
        chosen = self.index[list(sets)]
        rows, index = np.unique(chosen, return_inverse=True)
        return CandidateBatch(
            [self.columns[row] for row in rows.tolist()], index.reshape(chosen.shape).astype(np.int64)
        )


@dataclass(frozen=True, slots=True, eq=False)
class ImageChunk:
    """Consecutive images on a device.

    Attributes:
        place: which images of the split.
        features: [n, D].
        labels: [n] int64.
    """

    place: slice
    features: "torch.Tensor"
    labels: "torch.Tensor"


class Products:
    """Multiplies chunks of images with class embeddings on one device.

    Args:
        images: the split.
        device: `cpu`, `cuda`, `cuda:1`, or `auto` (CUDA where there is one).
        precision: what both factors are rounded to. Cosines are float32 and summed as such in any case; on a CPU
            half precision saves nothing and is there to compare with, on CUDA it needs torch 2.8.
        keep: bytes of image features that may stay on a device other than the CPU.

    Raises:
        ModelError: if there is no such precision or device.
    """

    def __init__(self, images: "LabeledImages", device: str, precision: Precision, keep: int) -> None:
        if precision not in get_args(Precision):
            raise ModelError(f"unknown precision {precision!r}; choose one of {', '.join(get_args(Precision))}")
        self.device = check_device(device)
        self.n_images = len(images)
        self._images = images
        self._precision = precision
        self._sample: tuple[torch.Tensor, torch.Tensor] | None = None
        size = images.embeddings.shape[0] * images.embeddings.shape[1] * (4 if precision == "fp32" else 2)
        self._kept: dict[tuple[int, int], torch.Tensor] | None = {} if self.device != "cpu" and size <= keep else None

    def chunks(self, first: int, last: int, size: int) -> Iterator[ImageChunk]:
        """The images of [first, last) in chunks of `size`; the last may be smaller."""
        import torch

        for start in range(first, last, size):
            place = slice(start, min(start + size, last))
            labels = torch.from_numpy(np.array(self._images.labels[place], dtype=np.int64)).to(self.device)
            yield ImageChunk(place, self._features(place), labels)

    def sample(self, size: int) -> "tuple[torch.Tensor, torch.Tensor]":
        """Features [m, D] and labels [m] of at most `size` images drawn at random, the same at every call."""
        import torch

        size = min(size, len(self._images))
        if self._sample is None or len(self._sample[1]) != size:
            drawn = np.sort(np.random.default_rng(0).choice(len(self._images), size, replace=False))
            rows = torch.from_numpy(np.array(self._images.embeddings[drawn], dtype=np.float32))
            labels = torch.from_numpy(np.array(self._images.labels[drawn], dtype=np.int64)).to(self.device)
            self._sample = self._rounded(rows), labels
        return self._sample

    def forget(self) -> None:
        """Free what is kept on the device."""
        self._sample = None
        if self._kept:
            self._kept.clear()

    def matrix(self, columns: Sequence[FloatArray]) -> "torch.Tensor":
        """Class embeddings, U times [D], as one matrix on the device, filled up with zeros to whole products."""
        import torch

        fill = -len(columns) % classes_per_product(self.device)
        padded = torch.zeros((len(columns) + fill, len(columns[0])), dtype=torch.float32)
        np.stack(columns, out=padded[: len(columns)].numpy())
        return self._rounded(padded)

    def cosines(
        self, matrix: "torch.Tensor", features: "torch.Tensor", scratch: Scratch | None = None
    ) -> "torch.Tensor":
        """Cosines [U + 1, n] float32 of a `matrix` [U, D] of embeddings with the features [n, D] of a chunk.

        The last row is of a class that is not there. They are in the scratch memory, if there is any.
        """
        import torch

        number = torch.empty(0, dtype=torch.float32, device=self.device)
        product = (scratch or Scratch()).room("cosines", (len(matrix) + 1, len(features)), number)
        product[-1] = NOTHING_THERE
        step = classes_per_product(self.device)
        # Half precision in, float32 out: torch has it for CUDA only.
        wide = {} if matrix.dtype == torch.float32 else {"out_dtype": torch.float32}
        for start in range(0, len(matrix), step):
            part = slice(start, start + step)
            torch.mm(matrix[part], features.T, out=product[:-1][part], **wide)
        return product

    def _features(self, place: slice) -> "torch.Tensor":
        import torch

        key = (place.start, place.stop)
        if self._kept is not None and key in self._kept:
            return self._kept[key]
        # A tensor of its own: torch aligns it, and on an unaligned one a product's last bits may differ.
        chunk = torch.empty((place.stop - place.start, self._images.embeddings.shape[1]), dtype=torch.float32)
        chunk.numpy()[:] = self._images.embeddings[place]
        features = self._rounded(chunk)
        if self._kept is not None:
            self._kept[key] = features
        return features

    def _rounded(self, rows: "torch.Tensor") -> "torch.Tensor":
        import torch

        if self._precision == "fp32":
            return rows.to(self.device)
        half = rows.to(self.device, {"bf16": torch.bfloat16, "fp16": torch.float16}[self._precision])
        return half.float() if half.device.type == "cpu" else half
