"""Where the cross-entropy is least as a function of the logit scale: temperature scaling (Guo et al. 2017,
arXiv:1706.04599) on the images that are scored, for many prompt sets at once.

The logits of a split are never kept, so the search can't come back to them. A sample of the images, always the same,
tells about where the minimum of each set is; one pass over all images then takes the cross-entropy and two derivatives
at both ends of a narrow window around it. `evaluators.scoring.scale_window` makes the figure of them.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.scale_window import WINDOW, nearer_minimum, scale_range

if TYPE_CHECKING:
    import torch

__all__ = ["SAMPLE", "best_scale", "cross_entropies", "likely_scales", "window_sums"]


GOLDEN = (5**0.5 - 1) / 2
NUMBERS_AT_ONCE = 2**20
CLOSE_ENOUGH = 0.01
"""Of the logarithm of the scale: the cross-entropy is then within about 1e-5 of its least value."""


def cross_entropies(cosines: FloatArray, labels: NDArray[np.int64], scale: float) -> NDArray[np.float64]:
    """Per image -log softmax(scale * cosine)[label], in nats: [N, C] and [N] to [N]."""
    step = max(1, NUMBERS_AT_ONCE // cosines.shape[1])
    parts = range(0, len(labels), step)
    return np.concatenate(
        [_of_some(cosines[at : at + step], labels[at : at + step], scale) for at in parts] or [np.zeros(0)]
    )


def best_scale(cosines: FloatArray, labels: NDArray[np.int64], scale: float) -> float:
    """Where these cosines [N, C] have the lowest cross-entropy, in `scale_range(scale)`.

    The cross-entropy is convex in the scale; golden section over its logarithm.

    >>> cosines = np.array([[0.3, 0.2], [0.3, 0.2], [0.2, 0.3], [0.3, 0.2]], dtype=np.float32)
    >>> round(best_scale(cosines, np.array([0, 0, 1, 1]), 10.0), 1)  # three of four right: log 3 over a tenth
    11.0
    """
    low, high = np.log(scale_range(scale))

    def value(at: float) -> float:
        return float(cross_entropies(cosines, labels, float(np.exp(at))).mean())

    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = value(left), value(right)
    while high - low > CLOSE_ENOUGH:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = value(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = value(right)
    return float(np.exp((low + high) / 2))


def _of_some(cosines: FloatArray, labels: NDArray[np.int64], scale: float) -> NDArray[np.float64]:
    logits = scale * cosines.astype(np.float64)
    top = logits.max(axis=1)
    total = np.log(np.exp(logits - top[:, None]).sum(axis=1)) + top
    own: NDArray[np.float64] = total - logits[np.arange(len(labels)), labels]
    return own


SAMPLE = 256
"""Images that tell where the minimum is: its standard error is then about a tenth, and the window holds twice that."""

NEWTON_STEPS = 4

UNIT = 2.0**-20
"""What the figures of images are rounded to, so that their sum is exact, in any order."""


def window_sums(
    cosines: "torch.Tensor", labels: "torch.Tensor", lower: "torch.Tensor", room: "torch.Tensor | None" = None
) -> "torch.Tensor":
    """Cross-entropy and its first two derivatives by the log of the scale, at both ends of a window of scales.

    Args:
        cosines: [P, C, n], contiguous; used as scratch, so worthless afterwards.
        labels: [n] int64.
        lower: [P] the lower end of each set's window.
        room: [3, P C n or more] of the cosines' type, to be written to; a page of new memory costs more than a sum.

    Returns:
        [P, 2, 3] float64, summed over the images.
    """
    import torch

    if room is None:
        room = cosines.new_empty((3, cosines.numel()))
    first, powers, other = (each[: cosines.numel()].view(cosines.shape) for each in room)
    # Logits at half the scale of the lower end: the squares and cubes of their exponentials are those of the two ends.
    scale = (lower / 2).to(cosines.dtype)[:, None, None]
    logits = cosines.sub_(cosines.amax(1, keepdim=True)).mul_(scale)
    own = logits.gather(1, labels.expand(len(logits), 1, -1)).squeeze(1)
    torch.exp(logits, out=first)
    torch.mul(first, first, out=powers)
    at_lower = _derivatives(powers, logits, own, 2, other)
    at_upper = _derivatives(powers.mul_(first), logits, own, 2 * WINDOW, other)
    return torch.stack([at_lower, at_upper], dim=1)


def likely_scales(cosines: "torch.Tensor", labels: "torch.Tensor", scale: float) -> NDArray[np.float64]:
    """About where the cross-entropies of P sets are least, by a sample of the images.

    Args:
        cosines: [P, C, m], contiguous; used as scratch.
        labels: [m] int64.
        scale: the model's logit scale.

    Returns:
        [P] scales.
    """
    import torch

    below = cosines.sub_(cosines.amax(1, keepdim=True))
    own = below.gather(1, labels.expand(len(below), 1, -1)).squeeze(1)
    logits, powers, room = (torch.empty_like(below) for _ in range(3))
    found = np.full(len(below), scale)
    for _ in range(NEWTON_STEPS):
        at = torch.from_numpy(found).to(below)[:, None, None]
        torch.exp(torch.mul(below, at, out=logits), out=powers)
        sums = _derivatives(powers, logits, own * at[:, 0], 1, room).cpu().numpy()
        found = nearer_minimum(found, sums, scale)
    return found


def _derivatives(
    powers: "torch.Tensor", logits: "torch.Tensor", own: "torch.Tensor", times: float, room: "torch.Tensor"
) -> "torch.Tensor":
    """Cross-entropy and derivatives [p, 3] at `times` the scale of the logits, from the exponentials there."""
    import torch

    total = powers.sum(1)
    mean = torch.mul(powers, logits, out=room).sum(1).div_(total).mul_(times)
    square = room.mul_(logits).sum(1).div_(total).mul_(times**2)
    slope = mean - times * own
    curvature = slope + square - mean * mean
    return torch.stack([_exact_sum(each) for each in (total.log() - times * own, slope, curvature)], dim=1)


def _exact_sum(of_images: "torch.Tensor") -> "torch.Tensor":
    """The sum [p] over the images of [p, n], in float64, the same in any order."""
    return of_images.double().div_(UNIT).round_().sum(1).mul_(UNIT)
