"""Means over repeated draws of the images, their standard errors, and paired tests between two ways."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Mean", "paired_p"]


@dataclass(frozen=True)
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
