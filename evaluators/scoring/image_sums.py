"""Sums over images as they grow chunk by chunk, on the device."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluators.scoring.image_statistics import FIXED_POINT, ImageStatistics, count_pairs
from evaluators.scoring.scale_window import ScaleWindows

if TYPE_CHECKING:
    import torch

    from evaluators.scoring.reductions import Reduced

__all__ = ["ImageSums"]

CONFUSIONS_AT_ONCE = 2**22
"""Wrong images that are remembered one by one before they are counted."""

NO_CONFUSIONS = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(slots=True, eq=False)
class ImageSums:
    """What becomes `ImageStatistics` of P sets and C classes, see there; all but the windows int64."""

    images: "torch.Tensor"
    right: "torch.Tensor"
    among_five: "torch.Tensor | None"
    cross_entropies: "torch.Tensor"
    margins: "torch.Tensor"
    entropies: "torch.Tensor"
    probabilities: "torch.Tensor | None"
    windows: "torch.Tensor"
    lower: NDArray[np.float64]
    _wrong: "list[torch.Tensor]" = field(default_factory=list)
    _remembered: int = 0
    _confusions: tuple[NDArray[np.int64], NDArray[np.int64]] = NO_CONFUSIONS

    @classmethod
    def zeros(
        cls, sets: int, classes: int, lower: NDArray[np.float64], figures: Collection[str], device: str = "cpu"
    ) -> "ImageSums":
        """Of no image yet; with windows that begin at `lower` [P, K], and those of `COSTLY_FIGURES` that are wanted."""
        import torch

        def room(*shape: int) -> "torch.Tensor":
            return torch.zeros(shape, dtype=torch.int64, device=device)

        return cls(
            images=room(classes),
            right=room(sets, classes),
            among_five=room(sets) if "top5" in figures else None,
            cross_entropies=room(sets, classes),
            margins=room(sets),
            entropies=room(sets),
            probabilities=room(sets, classes) if "marginal_entropy" in figures else None,
            windows=torch.zeros((*lower.shape, 2, 3), dtype=torch.float64, device=device),
            lower=lower,
        )

    def take_in(self, some: slice, found: "Reduced", windows: "torch.Tensor", labels: "torch.Tensor") -> None:
        """Add what is known of some sets on a chunk of images with `labels` [n]; count those with the first sets."""
        import torch

        sets, classes = found.ranks.shape[0], self.right.shape[1]
        if not some.start:
            self.images += torch.bincount(labels, minlength=classes)
        hit = found.ranks == 0
        by_class = labels.expand(sets, -1)
        self.right[some].scatter_add_(1, by_class, hit.long())
        self.cross_entropies[some].scatter_add_(1, by_class, _fixed(found.cross_entropies))
        if self.among_five is not None:
            self.among_five[some] += (found.ranks < 5).sum(1)
        self.margins[some] += _fixed(found.margins).sum(1)
        self.entropies[some] += _fixed(found.entropies).sum(1)
        if self.probabilities is not None and found.probabilities is not None:
            self.probabilities[some] += _fixed(found.probabilities)
        self.windows[some] += windows
        of_set, image = torch.nonzero(~hit, as_tuple=True)
        pairs = labels[image] * classes + found.predicted[of_set, image]
        self._wrong.append((of_set + some.start) * classes**2 + pairs)
        self._remembered += pairs.numel()
        if self._remembered > CONFUSIONS_AT_ONCE:
            self._count()

    def statistics(self) -> ImageStatistics:
        """The sums, on the CPU."""
        self._count()
        return ImageStatistics(
            images=self.images.cpu().numpy(),
            right=self.right.cpu().numpy(),
            among_five=None if self.among_five is None else self.among_five.cpu().numpy(),
            cross_entropies=self.cross_entropies.cpu().numpy(),
            margins=self.margins.cpu().numpy(),
            entropies=self.entropies.cpu().numpy(),
            probabilities=None if self.probabilities is None else self.probabilities.cpu().numpy(),
            confusions=self._confusions,
            windows=ScaleWindows(self.lower, self.windows.cpu().numpy()),
        )

    def _count(self) -> None:
        import torch

        keys, counts = torch.unique(torch.cat([*self._wrong, self.images.new_empty(0)]), return_counts=True)
        self._confusions = count_pairs([self._confusions, (keys.cpu().numpy(), counts.cpu().numpy())])
        self._wrong.clear()
        self._remembered = 0


def _fixed(figures: "torch.Tensor") -> "torch.Tensor":
    return figures.double().mul_(FIXED_POINT).round_().long()
