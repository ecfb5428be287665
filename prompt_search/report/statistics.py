"""Intervals for accuracies, and for the difference of two on the same images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

__all__ = [
    "Z95",
    "Luck",
    "PairedCounts",
    "exact_p",
    "holm",
    "images_to_show",
    "paired_interval",
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
