"""The cross-entropy of one prompt set as a function of the logit scale, and its least value.

Cross-entropy is convex in the scale, and all that is needed of it adds up over images: its value and its first two
derivatives at two scales. Between these a polynomial of the fifth degree with the same values and derivatives stands in
for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

__all__ = ["WINDOW", "ScaleWindows", "every_window", "middle_windows", "nearer_minimum", "scale_range", "window_around"]

LOWEST, HIGHEST = 1 / 64, 4
"""The scales looked at, in units of the model's own.

Where few images are all right, any greater scale is a better one, and without an end nothing would be left to tell
such classifiers apart. On real images even meaningless texts have their best scale below three times the model's.
"""

WINDOW = 1.5
"""Upper over lower end of a window. On real images the figure is then off by about 1e-6 nats, by 1e-5 at most."""

STRIDE = 3
"""The most that a step of Newton's may change a scale by."""

STEPS = 40
"""Bisections of a window: to the last bit of what the polynomial can tell."""

NOTHING = 1e-6
"""Nats that a figure is rounded to."""


@dataclass(frozen=True, slots=True, eq=False)
class ScaleWindows:
    """Cross-entropies at both ends of K windows of the logit scale; those of several shards of images add up with `+`.

    Attributes:
        lower: [K] the lower ends; a window ends at `WINDOW` times that.
        sums: [K, 2, 3] float64, summed over the images: the cross-entropy in nats, and its first and second derivative
            by the logarithm of the scale; at the lower and at the upper end.
    """

    lower: NDArray[np.float64]
    sums: NDArray[np.float64]

    def __add__(self, other: "ScaleWindows") -> "ScaleWindows":
        return ScaleWindows(self.lower, self.sums + other.sums)

    def hold_minimum(self, images: int, scale: float) -> bool:
        """Whether no scale outside the windows does better, within the range for a model of logit scale `scale`.

        True as well where so little is left of the mean over `images` images that nothing better could be seen.
        """
        lowest, highest = scale_range(scale)
        first, last = self.sums[0, 0], self.sums[-1, 1]
        above = last[1] >= 0 or last[0] < NOTHING / 2 * images or self.lower[-1] * WINDOW >= highest * (1 - 1e-9)
        return bool((first[1] <= 0 or self.lower[0] <= lowest * (1 + 1e-9)) and above)

    def nearer(self, scale: float) -> float:
        """About where the minimum is, by the end of the windows that is nearer to it."""
        end, at = (0, self.lower[0]) if self.sums[0, 0, 1] > 0 else (-1, self.lower[-1] * WINDOW)
        return float(nearer_minimum(np.array([at]), self.sums[end, end][None], scale)[0])

    def minimum(self, images: int, classes: int) -> tuple[float, float]:
        """The least mean cross-entropy of `images` images in nats, and the scale that gives it.

        Never more than log C, the cross-entropy at scale 0; where no scale gives less, the scale is 0.
        """
        least, at = min(_least(float(a), *(sums / images)) for a, sums in zip(self.lower, self.sums, strict=True))
        return (least, at) if least < log(classes) - NOTHING else (log(classes), 0.0)


def scale_range(scale: float) -> tuple[float, float]:
    """The least and the greatest scale looked at for a model of logit scale `scale`."""
    return LOWEST * scale, HIGHEST * scale


def nearer_minimum(at: NDArray[np.float64], sums: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Newton's next scales on the way to the minima of P sets, at most `STRIDE` times as large or small.

    Args:
        at: [P] scales.
        sums: [P, 3] as in `ScaleWindows`, at these.
        scale: the model's logit scale.
    """
    slope, variance = sums[:, 1], sums[:, 2] - sums[:, 1]
    steps = slope / np.maximum(variance, 1e-9)
    lowest, highest = scale_range(scale)
    nearer: NDArray[np.float64] = np.clip(at * np.clip(1 - steps, 1 / STRIDE, STRIDE), lowest, highest)
    return nearer


def window_around(found: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """The lower ends of windows with scales of the range in their middle, as far as the range goes."""
    lowest, highest = scale_range(scale)
    windows: NDArray[np.float64] = np.clip(found / WINDOW**0.5, lowest, highest / WINDOW)
    return windows


def every_window(scale: float) -> NDArray[np.float64]:
    """The lower ends of windows that cover the whole range."""
    lowest, highest = scale_range(scale)
    return np.geomspace(lowest, highest / WINDOW, 1 + int(np.ceil(log(highest / WINDOW / lowest) / log(WINDOW))))


def middle_windows(scale: float) -> NDArray[np.float64]:
    """Those of them in which most prompts have their minimum: between about a third and three times the model's own."""
    every = every_window(scale)
    return every[(every >= scale / STRIDE) & (every * WINDOW <= scale * STRIDE)]


def _least(lower: float, start: NDArray[np.float64], end: NDArray[np.float64]) -> tuple[float, float]:
    """The least cross-entropy in a window, and where; from value and derivatives at both ends."""
    if start[1] >= 0:
        return float(start[0]), lower
    if end[1] <= 0:
        return float(end[0]), lower * WINDOW
    curve = _hermite(start, end, log(WINDOW)).tolist()
    slope = [power * factor for power, factor in zip((5, 4, 3, 2, 1), curve, strict=False)]
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _value(slope, middle) < 0 else (low, middle)
    return _value(curve, low), lower * WINDOW**low


def _value(polynomial: Sequence[float], x: float) -> float:
    """Horner's rule, highest power first; for so few numbers numpy takes thirty times as long."""
    value = 0.0
    for factor in polynomial:
        value = value * x + factor
    return value


def _hermite(start: NDArray[np.float64], end: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """The polynomial on [0, 1], highest power first, with value and two derivatives as at the ends of an interval."""
    a, b = (ends * (1, width, width**2) for ends in (start, end))
    rise = b[0] - a[0]
    return np.array(
        [
            6 * rise - 3 * (a[1] + b[1]) - (a[2] - b[2]) / 2,
            -15 * rise + 8 * a[1] + 7 * b[1] + 1.5 * a[2] - b[2],
            10 * rise - 6 * a[1] - 4 * b[1] - 1.5 * a[2] + b[2] / 2,
            a[2] / 2,
            a[1],
            a[0],
        ]
    )
