"""Cosines reduced to statistics of images, in one pass over a chunk of them.

The eager way, in plain torch; `fused_reduction` does most of it in one kernel and is tested against it. All
operations are elementwise or run along the classes, so an image's figures do not depend on what is reduced beside it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from evaluators.scoring.class_blocks import NOTHING_THERE, BlockTable, ClassBlocks, Combined
from evaluators.scoring.fitted_scale import exact_sum
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.image_sums import ImageSums
from evaluators.scoring.products import logits_per_block
from evaluators.scoring.scale_window import every_window
from evaluators.scoring.score import COSTLY_FIGURES
from evaluators.scoring.scratch import Scratch

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

__all__ = ["LOGITS_AT_ONCE", "Reduced", "label_ranks", "reduce_cosines", "reduce_logits"]

LOGITS_AT_ONCE = 2**20
"""Logits that are sorted or reduced at once where memory counts: with their copies in double precision some 50 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """Statistics of n images under P prompt sets of C classes, as tensors.

    Attributes:
        ranks: [P, n] int32, how many other logits are greater than or equal to the label's; or, if nobody wants
            `top5`, only whether there are any.
        predicted: [P, n] int32, the label if it ranks first, else the first of the best other classes.
        margins: [P, n] float32, cosine of the label minus the best other.
        cross_entropies: [P, n] float32, in nats.
        entropies: [P, n] float32, of the softmax, in nats.
        probabilities: [P, C] float64, the softmax summed over the images; `None` if nobody wants it.
    """

    ranks: "torch.Tensor"
    predicted: "torch.Tensor"
    margins: "torch.Tensor"
    cross_entropies: "torch.Tensor"
    entropies: "torch.Tensor"
    probabilities: "torch.Tensor | None"

    @classmethod
    def zeros(cls, sets: int, images: int, classes: int, device: "torch.device | str" = "cpu") -> "Reduced":
        """Room for the statistics of P sets."""
        import torch

        *per_image, _ = (f.name for f in fields(cls))
        kinds = dict.fromkeys(per_image, torch.float32) | {"ranks": torch.int32, "predicted": torch.int32}
        room = {name: torch.zeros((sets, images), dtype=kinds[name], device=device) for name in per_image}
        return cls(**room, probabilities=torch.zeros((sets, classes), dtype=torch.float64, device=device))

    def of(self, sets: slice) -> "Reduced":
        """The statistics of some of the sets."""
        return Reduced(
            ranks=self.ranks[sets],
            predicted=self.predicted[sets],
            margins=self.margins[sets],
            cross_entropies=self.cross_entropies[sets],
            entropies=self.entropies[sets],
            probabilities=None if self.probabilities is None else self.probabilities[sets],
        )


def label_ranks(cosines: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
    """How many *other* classes score at least as high as the label's: [n, C] and [n] to [n], 0 is best."""
    own = cosines.gather(1, labels[:, None])
    return (cosines >= own).sum(dim=1) - 1


def reduce_logits(
    cosines: "torch.Tensor", labels: "torch.Tensor", scale: float, lower: "NDArray[np.float64] | None" = None
) -> ImageStatistics:
    """The statistics of one set from cosines [n, C] with labels [n] at logit scale `scale`.

    Its cross-entropies at other scales are those in the windows with the lower ends `lower` [K], by default in all.
    """
    import torch

    windows = (every_window(scale) if lower is None else lower)[None]
    n, classes = cosines.shape
    rows = torch.cat([cosines.T, cosines.new_full((1, n), NOTHING_THERE)])
    index = np.arange(classes, dtype=np.int64)[None]
    blocks = ClassBlocks.of(index, windows)
    sums = ImageSums.zeros(1, classes, windows, COSTLY_FIGURES)
    for reduced in reduce_cosines(rows, index, blocks, labels, scale, windows, logits_per_block("cpu"), COSTLY_FIGURES):
        sums.take_in(*reduced, labels)
    return sums.statistics()


def reduce_cosines(
    cosines: "torch.Tensor", index: "NDArray[np.int64]", blocks: ClassBlocks, labels: "torch.Tensor", scale: float,
    lower: "NDArray[np.float64]", at_once: int, figures: Collection[str], scratch: Scratch | None = None,
) -> "Iterator[tuple[slice, Reduced, torch.Tensor]]":  # fmt: skip
    """The statistics of P sets, some of them after another.

    Args:
        cosines: [U + 1, n] float32 at least; the last row is `NOTHING_THERE`.
        index: [P, C] which of the U are a set's classes.
        blocks: of these.
        labels: [n] int64.
        scale: the logit scale s of softmax(s * cosine).
        lower: [P, K] the lower ends of each set's windows of scales.
        at_once: a fourth of the numbers that are worked on together.
        figures: which of `COSTLY_FIGURES` are wanted.
        scratch: memory to work in.

    Yields:
        Which sets; their statistics; [p, K, 2, 3] cross-entropy and derivatives at the ends of the windows, summed.
    """
    import torch

    table = BlockTable(blocks, cosines, labels, scale, at_once, scratch or Scratch())
    (sets, classes), n = index.shape, cosines.shape[1]
    rows, ends = (torch.from_numpy(each).to(cosines.device) for each in (index, lower.astype(np.float32)))
    marginal = "marginal_entropy" in figures
    widest = max(4 * blocks.index.shape[1], classes if marginal else 0)  # of what is combined a dozen arrays are alive
    step = max(1, at_once // max(1, widest * n))
    for start in range(0, sets, step):
        some = slice(start, start + step)
        own = cosines.gather(0, rows[some][:, labels])
        found = table.combined(some, own, ends[some])
        wrong = own <= found.best
        ranks = _ranks(cosines, rows[some], own, wrong, at_once) if "top5" in figures else wrong.int()
        reduced = Reduced(
            ranks=ranks,
            predicted=torch.where(ranks == 0, labels, found.rival.long()).int(),
            margins=own - found.best if classes > 1 else torch.zeros_like(own),
            cross_entropies=found.cross_entropies,
            entropies=found.entropies,
            probabilities=_probabilities(cosines, rows[some], found, scale) if marginal else None,
        )
        yield some, reduced, exact_sum(found.windows)


def _ranks(
    cosines: "torch.Tensor", rows: "torch.Tensor", own: "torch.Tensor", wrong: "torch.Tensor", at_once: int
) -> "torch.Tensor":
    """Ranks [p, n] of the labels' cosines `own`: counted for images that some set has `wrong`."""
    import torch

    ranks = torch.zeros(own.shape, dtype=torch.int32, device=own.device)
    some_wrong = wrong.any(0).nonzero()[:, 0]
    if not len(some_wrong):
        return ranks
    classes, those = rows.shape[1], own.index_select(1, some_wrong)
    if rows.numel() < len(cosines):  # else the sets share most of their classes
        cosines = cosines.index_select(0, rows.flatten())
        rows = torch.arange(rows.numel(), device=rows.device).view(rows.shape)
    there = cosines.index_select(1, some_wrong)
    step = max(1, at_once // (classes * len(some_wrong)))
    for start in range(0, len(rows), step):
        some = slice(start, start + step)
        others = there.index_select(0, rows[some].flatten()).view(-1, classes, len(some_wrong))
        # Comparisons that write floats are ten times as fast as those that write truth values and sum them.
        ranks[some, some_wrong] = others.ge_(those[some, None]).sum(1).int() - 1
    return ranks


def _probabilities(cosines: "torch.Tensor", rows: "torch.Tensor", found: Combined, scale: float) -> "torch.Tensor":
    """The softmax summed over the images, [p, C] float64."""
    logits = cosines.index_select(0, rows.flatten()).view(*rows.shape, -1).sub_(found.top[:, None]).mul_(scale)
    return logits.exp_().div_(found.total[:, None]).sum(2).double()
