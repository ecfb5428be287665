"""The cross-entropy of one prompt set as a function of the logit scale, and its least value.

Cross-entropy is convex in the scale, and all that is needed of it adds up over images: its value and its first two
derivatives at two scales. Between these a polynomial of the fifth degree with the same values and derivatives stands in
for it.
"""

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


PLACES = 52
"""Windows are among so many, each about a tenth above the one before: sets that are much alike share theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class ScaleWindows:
    """Cross-entropies of P sets at both ends of K windows of the logit scale; shards of the images add up with `+`.

    Attributes:
        lower: [P, K] the lower ends; a window ends at `WINDOW` times that.
        sums: [P, K, 2, 3] float64, summed over the images: the cross-entropy in nats, and its first and second
            derivative by the logarithm of the scale; at the lower and at the upper end.
    """

    lower: NDArray[np.float64]
    sums: NDArray[np.float64]

    def __add__(self, other: "ScaleWindows") -> "ScaleWindows":
        return ScaleWindows(self.lower, self.sums + other.sums)

    def hold_minimum(self, images: int, scale: float) -> NDArray[np.bool_]:
        """[P] whether no scale outside the windows does better, within the range for a model of logit scale `scale`.

        True as well where so little is left of the mean over `images` images that nothing better could be seen.
        """
        lowest, highest = scale_range(scale)
        first, last = self.sums[:, 0, 0], self.sums[:, -1, 1]
        at_the_end = self.lower[:, -1] * WINDOW >= highest * (1 - 1e-9)
        above = (last[:, 1] >= 0) | (last[:, 0] < NOTHING / 2 * images) | at_the_end
        held: NDArray[np.bool_] = ((first[:, 1] <= 0) | (self.lower[:, 0] <= lowest * (1 + 1e-9))) & above
        return held

    def nearer(self, scale: float) -> NDArray[np.float64]:
        """[P] about where the minima are, by the end of the windows that is nearer to each."""
        down = self.sums[:, 0, 0, 1] > 0
        at = np.where(down, self.lower[:, 0], self.lower[:, -1] * WINDOW)
        return nearer_minimum(at, np.where(down[:, None], self.sums[:, 0, 0], self.sums[:, -1, 1]), scale)

    def minimum(self, images: int, classes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """[P] the least mean cross-entropies of `images` images in nats, and [P] the scales that give them.

        Never more than log C, the cross-entropy at scale 0; where no scale gives less, the scale is 0.
        """
        least, at = _least(self.lower, self.sums / images)
        best = least.argmin(1)[:, None]
        least, at = (np.take_along_axis(each, best, 1)[:, 0] for each in (least, at))
        useful = least < log(classes) - NOTHING
        return np.where(useful, least, log(classes)), np.where(useful, at, 0.0)


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
    """The lower ends of the windows whose middles are nearest to scales of the range, by the logarithm.

    >>> window_around(np.array([0.0, 4.2, 9.9, 10.0, 1e9]), scale=10.0).round(2)
    array([ 0.16,  3.55,  7.96,  7.96, 26.67])
    """
    lowest, highest = scale_range(scale)
    step = log(highest / WINDOW / lowest) / (PLACES - 1)
    place = np.log(np.maximum(found, lowest) / WINDOW**0.5 / lowest) / step
    windows: NDArray[np.float64] = lowest * np.exp(step * np.clip(np.rint(place), 0, PLACES - 1))
    return windows


def every_window(scale: float) -> NDArray[np.float64]:
    """The lower ends of windows that cover the whole range."""
    lowest, highest = scale_range(scale)
    return np.geomspace(lowest, highest / WINDOW, 1 + int(np.ceil(log(highest / WINDOW / lowest) / log(WINDOW))))


def middle_windows(scale: float) -> NDArray[np.float64]:
    """Those of them in which most prompts have their minimum: between about a third and three times the model's own."""
    every = every_window(scale)
    return every[(every >= scale / STRIDE) & (every * WINDOW <= scale * STRIDE)]


def _least(lower: NDArray[np.float64], ends: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least cross-entropies in windows [P, K], and where; from values and derivatives at both ends [P, K, 2, 3]."""
    start, end = ends[..., 0, :], ends[..., 1, :]
    curve = _hermite(start, end, log(WINDOW))
    slope = curve[:-1] * np.array([5, 4, 3, 2, 1]).reshape(-1, *[1] * lower.ndim)
    low, high = np.zeros_like(lower), np.ones_like(lower)
    for _ in range(STEPS):
        middle = (low + high) / 2
        falls = _value(slope, middle) < 0
        low, high = np.where(falls, middle, low), np.where(falls, high, middle)
    found = [(start[..., 1] >= 0, start[..., 0], lower), (end[..., 1] <= 0, end[..., 0], lower * WINDOW)]
    conditions, values, places = zip(*found, strict=True)
    least = np.select(conditions, values, _value(curve, low))
    return least, np.select(conditions, places, lower * WINDOW**low)


def _value(polynomial: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Horner's rule, highest power first."""
    value = np.zeros_like(x)
    for factors in polynomial:
        value = value * x + factors
    return value


def _hermite(start: NDArray[np.float64], end: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """The polynomials on [0, 1], highest power first, with value and two derivatives as at the ends of an interval."""
    a, b = (np.moveaxis(ends * (1, width, width**2), -1, 0) for ends in (start, end))
    rise = b[0] - a[0]
    return np.stack(
        [
            6 * rise - 3 * (a[1] + b[1]) - (a[2] - b[2]) / 2,
            -15 * rise + 8 * a[1] + 7 * b[1] + 1.5 * a[2] - b[2],
            10 * rise - 6 * a[1] - 4 * b[1] - 1.5 * a[2] + b[2] / 2,
            a[2] / 2,
            a[1],
            a[0],
        ]
    )
