"""Intervals for accuracies, for the difference of two on the same images, and for means over repeated draws."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Z95", "Mean", "MeanGain", "PairedCounts", "holm", "paired_interval", "paired_p", "wilson_interval"]

Z95 = 1.959963984540054  # the 97.5 % point of the normal distribution
MOST_FREEDOM = 1000
"""Degrees of freedom beyond which Student's t is the normal distribution."""


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


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over n draws; `error` is its standard error, `None` for a single draw.

    >>> print(Mean.of([1.0, 2.0, 3.0]))
    +2.00 ± 0.58
    >>> print(Mean.of([1.0]))
    +1.00
    """

    value: float
    error: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Mean":
        """The mean of at least one value."""
        n = len(values)
        return cls(statistics.fmean(values), statistics.stdev(values) / math.sqrt(n) if n > 1 else None, n)

    def __str__(self) -> str:
        return f"{self.value:+.2f}" + ("" if self.error is None else f" ± {self.error:.2f}")


def paired_p(differences: Sequence[float]) -> float | None:
    """Two-sided p of Student's paired t test over draws, in [0, 1]; `None` for fewer than two draws.

    >>> round(paired_p([1.0, 2.0, 3.0, 4.0, 5.0]), 4)
    0.0132
    """
    mean = Mean.of(differences)
    if mean.error is None:
        return None
    if mean.error == 0:
        return 1.0 if mean.value == 0 else 0.0
    return 1 - _within(abs(mean.value) / mean.error, mean.n - 1)


def holm(values: Sequence[float | None]) -> list[float | None]:
    """p values corrected for how many tests there are (Holm 1979), in [0, 1]; `None` is no test and stays.

    Of m tests the smallest p counts m times, the next one m - 1 times, and none less than one before it: then the
    chance that any of the tests of true null hypotheses is below a level is at most that level.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    order = sorted((p, place) for place, p in enumerate(values) if p is not None)
    corrected: list[float | None] = [None] * len(values)
    least = 0.0
    for number, (p, place) in enumerate(order):
        least = max(least, min(1.0, p * (len(order) - number)))
        corrected[place] = least
    return corrected


@dataclass(frozen=True, slots=True)
class MeanGain:
    """The mean of a gain over draws that are all tested on the same images: uncertain by the draws, and by the images.

    Attributes:
        value: the mean.
        error: its standard error; what the images contribute does not shrink with the number of draws.
        freedom: degrees of freedom (Satterthwaite), rounded down.
    """

    value: float
    error: float
    freedom: int

    @classmethod
    def of(cls, gains: Sequence[float], intervals: Sequence[tuple[float, float]]) -> "MeanGain":
        """From the gains of at least one draw, each with its 95 % interval over images (`paired_interval`).

        The same images say the same, however often they are read:

        >>> alone, thrice = MeanGain.of([0.02], [(-0.01, 0.05)]), MeanGain.of([0.02] * 3, [(-0.01, 0.05)] * 3)
        >>> round(alone.p, 3) == round(thrice.p, 3) == 0.192
        True
        """
        n = len(gains)
        between = statistics.variance(gains) / n if n > 1 else 0.0
        within = statistics.fmean(((high - low) / (2 * Z95)) ** 2 for low, high in intervals)
        freedom = (between + within) ** 2 * (n - 1) / between**2 if between else MOST_FREEDOM
        return cls(statistics.fmean(gains), math.sqrt(between + within), int(min(freedom, MOST_FREEDOM)))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval."""
        half = _t95(self.freedom) * self.error
        return self.value - half, self.value + half

    @property
    def p(self) -> float:
        """Two-sided p of a gain of 0, in [0, 1]."""
        if self.error == 0:
            return 1.0 if self.value == 0 else 0.0
        return 1 - _within(abs(self.value) / self.error, self.freedom)


def _t95(freedom: int) -> float:
    """The 97.5 % point of Student's t, by bisection."""
    low, high = 0.0, 16.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < 0.95 else (low, middle)
    return high


def _within(t: float, freedom: int) -> float:
    """P(|T| <= t) of Student's t with whole degrees of freedom (Abramowitz & Stegun, 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = total = 0.0
    for k in range(odd, freedom, 2):
        term = (cosine if odd else 1.0) if k == odd else term * cosine**2 * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
