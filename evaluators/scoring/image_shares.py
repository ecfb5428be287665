"""Images that are scored on elsewhere, share by share: what an evaluator needs of those who hold them."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Protocol

from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.products import CandidateBatch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ImageShares", "ShareOut"]


class ImageShares(Protocol):
    """The images of one split, in shares of whole chunks."""

    def statistics(
        self, batch: CandidateBatch, lower: "NDArray[np.float64]", scale: float, figures: Collection[str]
    ) -> ImageStatistics:
        """The statistics of P candidates over all images; see `evaluators.scoring.batch_statistics.Measure`.

        Args:
            batch: P candidates.
            lower: [P, 1] lower ends of windows of the logit scale.
            scale: the model's logit scale.
            figures: which of `COSTLY_FIGURES` are wanted.
        """
        ...


ShareOut = Callable[[LabeledImages], ImageShares | None]
"""Shares out the images of a split; `None` where they are better scored on here."""
