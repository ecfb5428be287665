"""Sums over the classes in two steps: over blocks of consecutive classes, then over the blocks.

Prompt sets of one population differ in few classes. What a block of equal classes adds to a set's figures is the same
bit for bit, whichever set it stands in, so it is computed once for all of them: a set that changes one of C classes
costs one block and a sum over all blocks, about 2 sqrt(C) columns rather than C. Within a block exponentials are
relative to the block's best class; the second step brings them to one reference, as in the online softmax (Milakov
and Gimelshein 2018, arXiv:1805.02867).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluators.scoring.scale_window import WINDOW
from evaluators.scoring.scratch import Scratch

if TYPE_CHECKING:
    import torch

__all__ = ["NOTHING_THERE", "BlockTable", "ClassBlocks", "classes_in_block", "first_of"]

MOST_IN_BLOCK = 32
"""Classes of a block; of so few or fewer there is one block."""

NOTHING_THERE = -1e6
"""The cosine of a class that is not there: its exponential is 0 at every scale above a ten-thousandth."""

ROOMS = 5
"""Arrays of a block's cosines, and of what is made of them, at a time."""

OF_CLASSES, OF_A_WINDOW = 5, 6
"""Figures of a block: best cosine of another class than the label's, that class, best cosine of all, sum of
exponentials, sum of exponentials times logits; and in each window, at both ends, sums of exponentials times the
powers 0, 1 and 2 of the logits."""


def classes_in_block(classes: int) -> int:
    """Of so many classes, which blocks share as evenly as they can.

    >>> [classes_in_block(classes) for classes in (1, 32, 33, 100, 1000)]
    [1, 32, 17, 25, 32]
    """
    return -(-classes // -(-classes // MOST_IN_BLOCK))


@dataclass(frozen=True, slots=True, eq=False)
class ClassBlocks:
    """The classes of P sets, each different block once.

    Attributes:
        rows: [E, B] int64, the blocks' classes as rows of the batch's cosines; -1 where the last block has none.
        first: [E] int64, the number of the first class.
        lower: [E, K] the lower ends of the windows of the logit scale to be looked at.
        index: [P, b] int64, which of the E make up a set.
    """

    rows: NDArray[np.int64]
    first: NDArray[np.int64]
    lower: NDArray[np.float64]
    index: NDArray[np.int64]

    @classmethod
    def of(cls, index: NDArray[np.int64], lower: NDArray[np.float64]) -> "ClassBlocks":
        """Blocks of sets [P, C], given by the rows of their classes, each with its own windows [P, K].

        >>> index = np.arange(40) + np.zeros((3, 1), dtype=np.int64)
        >>> index[2, 5] = 40
        >>> blocks = ClassBlocks.of(index, np.ones((3, 1)))
        >>> blocks.rows.shape, blocks.index.tolist()
        ((3, 20), [[0, 1], [0, 1], [2, 1]])
        """
        sets, classes = index.shape
        size = classes_in_block(classes)
        blocks = -(-classes // size)
        rows = np.full((sets, blocks * size), -1, dtype=np.int64)
        rows[:, :classes] = index
        rows = rows.reshape(sets, blocks, size)
        known: dict[tuple[int, bytes, bytes], int] = {}
        found = np.empty((sets, blocks), dtype=np.int64)
        for i in range(sets):
            windows = lower[i].tobytes()
            for k in range(blocks):
                found[i, k] = known.setdefault((k, rows[i, k].tobytes(), windows), len(known))
        _, places = np.unique(found, return_index=True)
        of_set, number = places // blocks, places % blocks
        return cls(rows[of_set, number], number * size, lower[of_set], found)


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """What is known of n images under p sets from their blocks.

    Attributes:
        best: [p, n] the highest cosine of another class than the label's.
        rival: [p, n] the first class that has it, as a float.
        top: [p, n] the highest of all.
        total: [p, n] the softmax's sum of exponentials, relative to `top`.
        cross_entropies, entropies: [p, n] in nats.
        windows: [p, K, 2, 3, n] cross-entropies and derivatives, see `ScaleWindows`.
    """

    best: "torch.Tensor"
    rival: "torch.Tensor"
    top: "torch.Tensor"
    total: "torch.Tensor"
    cross_entropies: "torch.Tensor"
    entropies: "torch.Tensor"
    windows: "torch.Tensor"


class BlockTable:
    """Figures of E blocks on n images, and what sets of blocks make of them.

    Args:
        blocks: E blocks of P sets.
        cosines: [U + 1, n]; the last row is `NOTHING_THERE`.
        labels: [n] int64.
        scale: the model's logit scale.
        at_once: a fourth of the numbers that are worked on together.
        scratch: where the table is, and what it is made in.
    """

    def __init__(
        self,
        blocks: ClassBlocks,
        cosines: "torch.Tensor",
        labels: "torch.Tensor",
        scale: float,
        at_once: int,
        scratch: Scratch,
    ) -> None:
        import torch

        device, n = cosines.device, cosines.shape[1]
        rows, first = (torch.from_numpy(each).to(device) for each in (blocks.rows, blocks.first))
        rows = torch.where(rows < 0, len(cosines) - 1, rows)
        lower = torch.from_numpy(blocks.lower.astype(np.float32)).to(device)
        self.index = torch.from_numpy(blocks.index).to(device)
        self.labels, self.scale = labels, scale
        shape = (OF_CLASSES + OF_A_WINDOW * lower.shape[1], len(rows), n)
        self.figures = scratch.room("figures", shape, cosines)
        step = max(1, at_once * 4 // max(1, ROOMS * rows.shape[1] * n))
        room = scratch.room("block", (ROOMS, min(step, len(rows)) * rows.shape[1] * n), cosines)
        for start in range(0, len(rows), step):
            some = slice(start, start + step)
            part = room[:, : rows[some].numel() * n].view(ROOMS, *rows[some].shape, n)
            torch.index_select(cosines, 0, rows[some].flatten(), out=part[0].flatten(0, 1))
            self._fill(part, first[some], lower[some], self.figures[:, some])

    def _fill(self, room: "torch.Tensor", first: "torch.Tensor", lower: "torch.Tensor", out: "torch.Tensor") -> None:
        """The figures [F, e, n] of some blocks from their cosines [e, B, n], the first of `room`."""
        import torch

        cosines, others, powers, squares, product = room
        size = cosines.shape[1]
        place = self.labels - first[:, None]
        inside = ((place >= 0) & (place < size))[:, None]
        place = place.clamp_(0, size - 1)[:, None]
        own = cosines.gather(1, place)
        others.copy_(cosines).scatter_(1, place, torch.where(inside, NOTHING_THERE, own))
        best = others.amax(1, keepdim=True)
        top = torch.where(inside, torch.maximum(own, best), best)
        out[0], out[2] = best[:, 0], top[:, 0]
        out[1] = first_of(others.ge_(best)) + first[:, None]
        below = cosines.sub_(top)
        logits = torch.mul(below, self.scale, out=others)
        torch.exp(logits, out=powers)
        torch.sum(powers, 1, out=out[3])
        torch.sum(powers.mul_(logits), 1, out=out[4])
        for k in range(lower.shape[1]):
            # Logits at half the scale of the lower end: squares and cubes of their exponentials are those at both ends.
            half = (lower[:, k] / 2).to(below.dtype)[:, None, None]
            logits = torch.mul(below, half, out=others)
            root = torch.exp(logits, out=powers)
            weights = torch.mul(root, root, out=squares)
            for end in (0, 1):
                zeroth, first_, second = out[OF_CLASSES + OF_A_WINDOW * k + 3 * end :][:3]
                torch.sum(weights, 1, out=zeroth)
                torch.sum(torch.mul(weights, logits, out=product), 1, out=first_)
                torch.sum(product.mul_(logits), 1, out=second)
                weights.mul_(root)

    def combined(self, sets: slice, own: "torch.Tensor", lower: "torch.Tensor") -> "Combined":
        """What the blocks of some sets are together.

        Args:
            sets: p of the P.
            own: [p, n] cosines of the labels.
            lower: [p, K] lower ends of the windows.
        """
        import torch

        ids = self.index[sets]
        flat = ids.flatten()

        def of(figure: int) -> "torch.Tensor":
            return self.figures[figure].index_select(0, flat).view(*ids.shape, -1)

        bests = of(0)
        best = bests.amax(1)
        block = first_of(bests.ge_(best[:, None]))
        rival = of(1).gather(1, block[:, None])[:, 0]
        top = torch.maximum(own, best)
        behind = of(2).sub_(top[:, None])
        shift = behind * self.scale
        weights = shift.exp()
        each = of(3)
        total = (weights * each).sum(1)
        first = weights.mul_(of(4).addcmul_(shift, each)).sum(1)
        windows = [
            self._window(of, OF_CLASSES + OF_A_WINDOW * k, behind, own - top, lower[:, k])
            for k in range(lower.shape[1])
        ]
        log_total = total.log()
        return Combined(
            best=best,
            rival=rival,
            top=top,
            total=total,
            cross_entropies=log_total - self.scale * (own - top),
            entropies=(log_total - first / total).clamp_min(0),
            windows=torch.stack(windows, dim=1),
        )

    def _window(
        self, of: "Callable[[int], torch.Tensor]", start: int, behind: "torch.Tensor", own: "torch.Tensor",
        lower: "torch.Tensor",
    ) -> "torch.Tensor":  # fmt: skip
        """Cross-entropies and derivatives at both ends of a window [p, 2, 3, n]."""
        import torch

        half = (lower / 2).to(behind.dtype)[:, None]
        shift = behind * half[:, :, None]
        power = shift.exp()
        own = own * half
        ends = []
        weights = power * power
        for end, times in enumerate((2.0, 2 * WINDOW)):
            none, one, two = (of(start + 3 * end + i) for i in range(3))
            two.addcmul_(shift, one, value=2).addcmul_(shift * shift, none)
            one.addcmul_(shift, none)
            total = (weights * none).sum(1)
            mean = (weights * one).sum(1).div_(total).mul_(times)
            square = (weights * two).sum(1).div_(total).mul_(times**2)
            slope = mean - times * own
            ends.append(torch.stack([total.log() - times * own, slope, slope + square - mean * mean], dim=1))
            weights = weights * power
        return torch.stack(ends, dim=1)


def first_of(flags: "torch.Tensor") -> "torch.Tensor":
    """The first class whose flag is 1 rather than 0: [p, C, n] to [p, n]; overwrites the flags."""
    import torch

    classes = flags.shape[1]
    places = torch.arange(classes, 0, -1, dtype=flags.dtype, device=flags.device)  # exact below 2**24 classes
    return classes - flags.mul_(places[:, None]).amax(1).long()
