"""Where the cross-entropy is least as a function of the logit scale: temperature scaling (Guo et al. 2017,
arXiv:1706.04599) on the images that are scored, for many prompt sets at once.

The logits of a split are never kept, so the search can't come back to them. A sample of the images, always the same,
tells about where the minimum of each set is; one pass over all images then takes the cross-entropy and two derivatives
at both ends of a narrow window around it. `evaluators.scoring.scale_window` makes the figure of them.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluators.scoring.scale_window import WINDOW, nearer_minimum

if TYPE_CHECKING:
    import torch

__all__ = ["SAMPLE", "likely_scales", "window_sums"]

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
