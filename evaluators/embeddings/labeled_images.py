"""Image embeddings with their labels: one split of a data set, as the evaluator sees it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.embeddings.stored_vectors import StoredVectors
from evaluators.errors import DataError
from evaluators.models.image_text_model import FloatArray

__all__ = ["LabeledImages"]

ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True, eq=False)
class LabeledImages:
    """N images of one split.

    Attributes:
        embeddings: [N, D] float32, unit rows; an array, or rows on disk that are read part by part.
        labels: [N] int64 in [0, C), indices into `class_ids`.
        class_ids: the C class ids in canonical (sorted) order.
        image_ids: N names for messages, e.g. paths relative to the data folder.

    Raises:
        DataError: if the shapes disagree, the split is empty, a label is out of range, or an embedding is not finite
            (the image is named).
    """

    embeddings: FloatArray | StoredVectors
    labels: NDArray[np.int64]
    class_ids: tuple[str, ...]
    image_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.image_ids)
        if n == 0:
            raise DataError("a split has no images; give more images or fewer shots")
        if self.embeddings.ndim != 2 or self.embeddings.shape[0] != n or self.labels.shape != (n,):
            raise DataError(
                f"{n} images need embeddings [{n}, D] and labels [{n}], "
                f"got {list(self.embeddings.shape)} and {list(self.labels.shape)}"
            )
        outside = np.flatnonzero((self.labels < 0) | (self.labels >= len(self.class_ids)))
        if outside.size:
            i = int(outside[0])
            raise DataError(
                f"image {self.image_ids[i]!r} has label {int(self.labels[i])}, but there are {len(self.class_ids)} "
                f"classes (0 to {len(self.class_ids) - 1})"
            )
        self._check_finite()

    def _check_finite(self) -> None:
        parts = [slice(start, start + ROWS_AT_ONCE) for start in range(0, len(self), ROWS_AT_ONCE)]
        broken = np.flatnonzero(np.concatenate([~np.isfinite(self.embeddings[part]).all(axis=1) for part in parts]))
        if broken.size:
            raise DataError(
                f"the features of image {self.image_ids[int(broken[0])]!r} are not finite ({broken.size} such images); "
                "the model overflows at this precision (try precision fp32) or the picture is damaged"
            )

    def __len__(self) -> int:
        return len(self.image_ids)
