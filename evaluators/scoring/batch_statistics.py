"""Statistics of all images under all candidates of a batch, sharded over devices, logits never kept."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from evaluators.scoring.class_blocks import ClassBlocks
from evaluators.scoring.fitted_scale import SAMPLE, likely_scales
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.image_sums import ImageSums
from evaluators.scoring.products import CandidateBatch, ImageChunk, Products, logits_per_block
from evaluators.scoring.reductions import Reduced, reduce_cosines
from evaluators.scoring.scale_window import ScaleWindows, every_window, window_around
from evaluators.scoring.score import COSTLY_FIGURES, Score
from evaluators.scoring.scratch import Scratch

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

__all__ = ["BatchStatistics", "Measure", "batch_statistics", "likely_windows", "measure_on", "shard_statistics"]

Measure = Callable[[CandidateBatch, "NDArray[np.float64]"], ImageStatistics]
"""Takes P candidates and [P, 1] lower ends of windows of the logit scale; gives their statistics over all images."""


@dataclass(frozen=True, slots=True, eq=False)
class BatchStatistics:
    """The statistics of P candidates, the least cross-entropies [P] over the logit scales, and these scales [P]."""

    images: ImageStatistics
    fitted: "NDArray[np.float64]"
    scales: "NDArray[np.float64]"

    def scores(
        self,
        redundancies: Sequence[float | None],
        most_confusions: int | None = None,
        figures: Collection[str] = COSTLY_FIGURES,
    ) -> list[Score]:
        """See `ImageStatistics.scores`."""
        by_class = "class_cross_entropy" in figures
        return self.images.scores(self.fitted, self.scales, redundancies, most_confusions, by_class=by_class)


def batch_statistics(
    batch: CandidateBatch, lower: "NDArray[np.float64]", measure: Measure, scale: float
) -> BatchStatistics:
    """The statistics of every set over all images; for those whose best scale is in no window, others are tried.

    Args:
        batch: P candidates.
        lower: [P, 1] lower ends of the windows where the best scales are likely to be.
        measure: goes over the images.
        scale: the model's logit scale.
    """
    found = measure(batch, lower)
    n, classes = int(found.images.sum()), len(found.images)
    fitted, scales = found.windows.minimum(n, classes)
    astray = np.flatnonzero(~found.windows.hold_minimum(n, scale))
    if len(astray):
        nearer = window_around(found.windows.nearer(scale)[astray], scale)[:, None]
        windows = measure(batch.some(astray.tolist()), nearer).windows
        fitted[astray], scales[astray] = windows.minimum(n, classes)
        astray = astray[~windows.hold_minimum(n, scale)]
    if len(astray):
        some, every = batch.some(astray.tolist()), every_window(scale)
        parts = [measure(some, np.full((len(astray), 1), lower)).windows for lower in every]
        whole = ScaleWindows(*(np.concatenate([getattr(p, of) for p in parts], 1) for of in ("lower", "sums")))
        fitted[astray], scales[astray] = whole.minimum(n, classes)
    return BatchStatistics(found, fitted, scales)


def measure_on(
    shards: Sequence[Products], scale: float, chunk: int, *, fused: bool, figures: Collection[str]
) -> Measure:
    """Goes over the images on some devices of this machine.

    Args:
        shards: one device each; every one takes whole chunks of consecutive images.
        scale: the model's logit scale.
        chunk: images at once.
        fused: make what is known of images at the model's own scale in one Triton kernel.
        figures: which of `COSTLY_FIGURES` are wanted.
    """

    def measure(batch: CandidateBatch, lower: "NDArray[np.float64]") -> ImageStatistics:
        def of_part(products: Products, part: slice) -> ImageStatistics:
            return shard_statistics(batch, products, part, scale, lower, chunk, fused=fused, figures=figures)

        parts = _parts(shards[0].n_images, chunk, len(shards))
        if len(shards) == 1:
            return of_part(shards[0], parts[0])
        with ThreadPoolExecutor(len(shards)) as pool:
            return ImageStatistics.together(list(pool.map(of_part, shards, parts)))

    return measure


def shard_statistics(
    batch: CandidateBatch, products: Products, part: slice, scale: float, lower: "NDArray[np.float64]", chunk: int,
    *, fused: bool = False, figures: Collection[str] = COSTLY_FIGURES,
) -> ImageStatistics:  # fmt: skip
    """The statistics of the images of a part of the split; see above."""
    import torch

    with torch.inference_mode():
        sets, classes = batch.index.shape
        sums = ImageSums.zeros(sets, classes, lower, figures, products.device)
        blocks = ClassBlocks.of(batch.index, lower)
        matrix = products.matrix(batch.columns)
        at_once, scratch = logits_per_block(products.device), Scratch()
        for images in products.chunks(part.start, part.stop, chunk):
            cosines = products.cosines(matrix, images.features, scratch)
            found = reduce_cosines(
                cosines, batch.index, blocks, images.labels, scale, lower, at_once, () if fused else figures, scratch
            )
            whole = _fused(cosines, batch, images, scale) if fused else None
            for some, reduced, windows in found:
                sums.take_in(some, whole.of(some) if whole else reduced, windows, images.labels)
        return sums.statistics()


def likely_windows(batch: CandidateBatch, products: Products, scale: float, chunk: int) -> "NDArray[np.float64]":
    """The lower end [P, 1] of the window of the logit scale that a sample of the images speaks for."""
    import torch

    with torch.inference_mode():
        features, labels = products.sample(min(SAMPLE, chunk))
        cosines = products.cosines(products.matrix(batch.columns), features)
        index = torch.from_numpy(batch.index).to(products.device)
        step = max(1, logits_per_block(products.device) // (index.shape[1] * len(labels)))
        found = [
            likely_scales(_gathered(cosines, index[start : start + step]), labels, scale)
            for start in range(0, len(index), step)
        ]
        return window_around(np.concatenate(found), scale)[:, None]


def _fused(cosines: "torch.Tensor", batch: CandidateBatch, images: ImageChunk, scale: float) -> Reduced:
    import torch

    from evaluators.scoring.fused_reduction import reduce_fused

    return reduce_fused(cosines, torch.from_numpy(batch.index).to(cosines.device), images.labels, scale)


def _parts(images: int, chunk: int, shards: int) -> list[slice]:
    """Images shared out in whole chunks."""
    chunks = -(-images // chunk)
    bounds = [min(images, chunk * (chunks * i // shards)) for i in range(shards + 1)]
    return [slice(first, last) for first, last in pairwise(bounds)]


def _gathered(cosines: "torch.Tensor", rows: "torch.Tensor") -> "torch.Tensor":
    """The cosines [p, C, n] of some sets, given by the `rows` [p, C] of their classes, out of [U + 1, n]."""
    return cosines.index_select(0, rows.flatten()).view(*rows.shape, cosines.shape[1])
