"""What is summed over the images of a split under prompt sets, and the scores made of it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from evaluators.scoring.scale_window import ScaleWindows
from evaluators.scoring.score import Score

__all__ = ["FIXED_POINT", "ImageStatistics", "count_pairs"]

FIXED_POINT = 2.0**32
"""Figures of images are rounded to whole multiples of its inverse and summed as integers: so their sum is exact, and
the same in any order, up to 2e9 altogether."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageStatistics:
    """Sums over images of C classes under P prompt sets; those of several shards of a split add up with `+`.

    Whole numbers all, so a score does not depend on how the images were shared out.

    Attributes:
        images: [C] how many there are of every class.
        right: [P, C] how many of them are classified right.
        among_five: [P] images with fewer than five other classes as likely as the label; `None` if not asked for.
        cross_entropies: [P, C] in nats times `FIXED_POINT`.
        margins: [P] cosine of the label minus the best other, times `FIXED_POINT`.
        entropies: [P] of the softmax, in nats times `FIXED_POINT`.
        probabilities: [P, C] the softmax times `FIXED_POINT`; `None` if not asked for.
        confusions: (keys, counts) [M], keys ascending and different: (set C + label) C + prediction of wrong images.
        windows: cross-entropies at other scales.
    """

    images: NDArray[np.int64]
    right: NDArray[np.int64]
    among_five: NDArray[np.int64] | None
    cross_entropies: NDArray[np.int64]
    margins: NDArray[np.int64]
    entropies: NDArray[np.int64]
    probabilities: NDArray[np.int64] | None
    confusions: tuple[NDArray[np.int64], NDArray[np.int64]]
    windows: ScaleWindows

    def __add__(self, other: "ImageStatistics") -> "ImageStatistics":
        return ImageStatistics.together([self, other])

    @classmethod
    def together(cls, parts: Sequence["ImageStatistics"]) -> "ImageStatistics":
        """The sum of one or more shards."""
        return cls(
            images=_total([part.images for part in parts]),
            right=_total([part.right for part in parts]),
            among_five=_total_if_all([part.among_five for part in parts]),
            cross_entropies=_total([part.cross_entropies for part in parts]),
            margins=_total([part.margins for part in parts]),
            entropies=_total([part.entropies for part in parts]),
            probabilities=_total_if_all([part.probabilities for part in parts]),
            confusions=count_pairs([part.confusions for part in parts]),
            windows=reduce(add, (part.windows for part in parts)),
        )

    def score(self, redundancy: float | None) -> Score:
        """The figures of the only set, its cross-entropies by class among them."""
        n, classes = int(self.images.sum()), len(self.images)
        (score,) = self.scores(*self.windows.minimum(n, classes), [redundancy], by_class=True)
        return score

    def scores(
        self,
        fitted: NDArray[np.float64],
        scales: NDArray[np.float64],
        redundancies: Sequence[float | None],
        most_confusions: int | None = None,
        *,
        by_class: bool,
    ) -> list[Score]:
        """The figures of every set over all images.

        Args:
            fitted: [P] the least cross-entropies, in nats.
            scales: [P] where these are.
            redundancies: [P] see `Score`.
            most_confusions: how many of the most frequent are listed; `None` for all.
            by_class: whether the cross-entropies of each class are wanted.
        """
        n, classes = int(self.images.sum()), len(self.images)
        top1 = _rounded(self.right.sum(1) / n)
        top5 = None if self.among_five is None or classes <= 5 else _rounded(self.among_five / n)
        cross_entropy = _rounded(_natural(self.cross_entropies.sum(1)) / n)
        margin, entropy = _rounded(_natural(self.margins) / n), _rounded(_natural(self.entropies) / n)
        least, scale, marginal = _rounded(fitted), _rounded(scales), self._marginal_entropies(n)
        recall = self._by_class(self.right)
        of_class = self._by_class(_natural(self.cross_entropies)) if by_class else [None] * len(recall)
        return [
            Score(
                n=n,
                top1=top1[i],
                top5=None if top5 is None else top5[i],
                cross_entropy=cross_entropy[i],
                fitted_cross_entropy=least[i],
                fitted_scale=scale[i],
                margin=margin[i],
                prediction_entropy=entropy[i],
                marginal_entropy=marginal[i],
                redundancy=None if redundancy is None else round(redundancy, 6) + 0.0,
                recall=recall[i],
                class_cross_entropy=of_class[i],
                confusions=confusions,
            )
            for i, (redundancy, confusions) in enumerate(
                zip(redundancies, self._confusions(most_confusions), strict=True)
            )
        ]

    def _marginal_entropies(self, n: int) -> "list[float] | list[None]":
        if self.probabilities is None:
            return [None] * len(self.right)
        mean = _natural(self.probabilities) / n
        return _rounded(-(mean * np.log(np.maximum(mean, 1e-300))).sum(1))

    def _by_class(self, totals: "NDArray[np.int64] | NDArray[np.float64]") -> list[tuple[float | None, ...]]:
        """The means over the images of each class, equal ones the same object: scores are kept, and recalls are few."""
        means = np.round(totals / np.maximum(self.images, 1), 6)
        means[:, self.images == 0] = np.nan
        different, places = np.unique(means, return_inverse=True)
        values = [None if math.isnan(value) else value for value in different.tolist()]
        return [tuple(map(values.__getitem__, row.tolist())) for row in places.reshape(means.shape)]

    def _confusions(self, most: int | None) -> Iterator[tuple[tuple[int, int, int], ...]]:
        """Of every set (label, prediction, images), most frequent first."""
        keys, counts = self.confusions
        sets, classes = self.right.shape
        of_set, pairs = np.divmod(keys, classes * classes)
        order = np.lexsort((pairs, -counts, of_set))
        ends = np.searchsorted(of_set, np.arange(sets + 1))
        columns = [*np.divmod(pairs[order], classes), counts[order]]
        for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            stop = end if most is None else min(end, start + most)
            yield tuple(zip(*(column[start:stop].tolist() for column in columns), strict=True))


def count_pairs(
    parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Counts by key, of several parts together: (keys, counts), keys ascending.

    >>> count_pairs([(np.array([3, 7]), np.array([1, 2])), (np.array([7]), np.array([5]))])
    (array([3, 7]), array([1, 7]))
    """
    keys, counts = (np.concatenate(each) for each in zip(*parts, strict=True))
    different, places = np.unique(keys, return_inverse=True)
    total = np.zeros(len(different), dtype=np.int64)
    np.add.at(total, places, counts)
    return different, total


def _total(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return reduce(add, parts)


def _total_if_all(parts: Sequence[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    known = [part for part in parts if part is not None]
    return _total(known) if len(known) == len(parts) else None


def _natural(fixed: NDArray[np.int64]) -> NDArray[np.float64]:
    return fixed / FIXED_POINT


def _rounded(values: "NDArray[np.float64]") -> list[float]:
    return [round(value, 6) + 0.0 for value in values.tolist()]  # no negative zero
