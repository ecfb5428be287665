"""Intervals and tests: for accuracies, for the difference of two on the same images, for means over repeated draws."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

__all__ = [
    "Z95",
    "Luck",
    "Mean",
    "MeanGain",
    "PairedCounts",
    "exact_p",
    "holm",
    "images_to_show",
    "paired_interval",
    "paired_p",
    "shown_p",
    "wilson_interval",
]

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


def exact_p(counts: PairedCounts) -> float:
    """Two-sided p of the exact McNemar test, in (0, 1]: could the two be equally accurate?

    >>> round(exact_p(PairedCounts(n=100, only_first=12, only_second=4)), 4), exact_p(PairedCounts(100, 0, 0))
    (0.0768, 1.0)
    """
    from scipy.special import bdtr

    differ = counts.only_first + counts.only_second
    return min(1.0, 2 * float(bdtr(min(counts.only_first, counts.only_second), differ, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values corrected for being several (Holm 1979), in their order.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, so_far = [0.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        so_far = max(so_far, min(1.0, (len(p_values) - place) * p_values[index]))
        corrected[index] = so_far
    return corrected


def shown_p(p: float) -> str:
    """A p value as one writes it.

    >>> shown_p(0.0768), shown_p(0.00002)
    ('p = 0.077', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def images_to_show(gain: float, disagreement: float) -> int:
    """How many images show a gain in accuracy with a 95 % interval above zero, four times in five.

    The difference of two classifiers on one image is 1, 0 or -1, and its variance at most the share of images on which
    just one of them is right (Connor 1987, Biometrics 43:207).

    Args:
        gain: of accuracy, in (0, 1).
        disagreement: that share, in [0, 1].

    >>> images_to_show(0.01, disagreement=0.12)
    9417
    """
    power = NormalDist().inv_cdf(0.8)
    variance = max(disagreement, gain) - gain**2
    return math.ceil(((Z95 * math.sqrt(max(disagreement, gain)) + power * math.sqrt(variance)) / gain) ** 2)


@dataclass(frozen=True, slots=True)
class Luck:
    """What the best of many candidates gains by chance alone.

    Attributes:
        candidates: K, how many there were to choose from, at least 1.
        images: n, on which they were compared.
        disagreement: the share of images on which just one of two of them is right, mean over pairs, in [0, 1].
    """

    candidates: int
    images: int
    disagreement: float

    @property
    def gain(self) -> float:
        """How much better than it is the best of K equally good candidates looks, in [0, 1].

        Two candidates' accuracies differ with variance disagreement / n, each of which has half. The best of K such
        draws is about the (K - 0.375) / (K + 0.25) point of the normal distribution above their mean (Blom 1958).

        >>> round(Luck(candidates=400, images=300, disagreement=0.12).gain, 4)
        0.0418
        """
        if self.candidates < 2:
            return 0.0
        deviation = math.sqrt(self.disagreement / (2 * self.images))
        return min(1.0, deviation * NormalDist().inv_cdf((self.candidates - 0.375) / (self.candidates + 0.25)))


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
    return None if mean.error is None else _two_sided_p(mean.value, mean.error, mean.n - 1)


@dataclass(frozen=True, slots=True)
class MeanGain:
    """The mean of a gain over draws that are all tested on the same images: uncertain by the draws, and by the images.

    Attributes:
        value: the mean.
        error: its standard error; what the images contribute does not shrink with the number of draws.
        freedom: degrees of freedom (Satterthwaite 1946); infinite where the draws do not differ.
    """

    value: float
    error: float
    freedom: float

    @classmethod
    def of(cls, gains: Sequence[float], intervals: Sequence[tuple[float, float]]) -> "MeanGain":
        """From the gains of at least one draw, each with its 95 % interval over images (`paired_interval`).

        The same images say the same, however often they are read:

        >>> alone, thrice = MeanGain.of([0.02], [(-0.01, 0.05)]), MeanGain.of([0.02] * 3, [(-0.01, 0.05)] * 3)
        >>> round(alone.p, 3) == round(thrice.p, 3) == 0.191
        True
        """
        n = len(gains)
        between = statistics.variance(gains) / n if n > 1 else 0.0
        within = statistics.fmean(((high - low) / (2 * Z95)) ** 2 for low, high in intervals)
        freedom = (between + within) ** 2 * (n - 1) / between**2 if between else math.inf
        return cls(statistics.fmean(gains), math.sqrt(between + within), freedom)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval."""
        from scipy.special import stdtrit

        half = (Z95 if math.isinf(self.freedom) else float(stdtrit(self.freedom, 0.975))) * self.error
        return self.value - half, self.value + half

    @property
    def p(self) -> float:
        """Two-sided p of a gain of 0, in [0, 1]."""
        return _two_sided_p(self.value, self.error, self.freedom)


def _two_sided_p(value: float, error: float, freedom: float) -> float:
    from scipy.special import ndtr, stdtr

    if error == 0:
        return 1.0 if value == 0 else 0.0
    t = -abs(value) / error
    return 2 * float(ndtr(t) if math.isinf(freedom) else stdtr(freedom, t))
