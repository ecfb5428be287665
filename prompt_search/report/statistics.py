"""Intervals for accuracies, and for the difference of two on the same images."""

import math
from dataclasses import dataclass

__all__ = ["Z95", "PairedCounts", "paired_interval", "wilson_interval"]

Z95 = 1.959963984540054  # the 97.5 % point of the normal distribution


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927), in [0, 1]; holds its level for small n and shares near 0 or 1.

    >>> [round(x, 3) for x in wilson_interval(8, 10)]
    [0.49, 0.943]
    """
    share = correct / n
    z2 = Z95**2
    center = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, center - half), min(1.0, center + half)


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """Two classifiers on the same n images: how many only the first gets right, and only the second."""

    n: int
    only_first: int
    only_second: int


def paired_interval(counts: PairedCounts) -> tuple[float, float]:
    """95 % interval of accuracy(first) - accuracy(second), in [-1, 1].

    Wald's interval with half an image added to each kind (Agresti & Min 2005, Statistics in Medicine 24:729), which
    holds its level for few images and few differences.

    >>> [round(x, 3) for x in paired_interval(PairedCounts(n=100, only_first=12, only_second=4))]
    [0.001, 0.156]
    """
    n = counts.n + 2
    first, second = counts.only_first + 0.5, counts.only_second + 0.5
    difference = (first - second) / n
    half = Z95 * math.sqrt(first + second - (first - second) ** 2 / n) / n
    return max(-1.0, difference - half), min(1.0, difference + half)
