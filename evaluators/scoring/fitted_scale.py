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
from evaluators.scoring.scale_window import nearer_minimum, scale_range

if TYPE_CHECKING:
    import torch

__all__ = ["SAMPLE", "best_scale", "cross_entropies", "exact_sum", "likely_scales"]


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
        sums = _derivatives(powers, logits, own * at[:, 0], room).cpu().numpy()
        found = nearer_minimum(found, sums, scale)
    return found


def _derivatives(
    powers: "torch.Tensor", logits: "torch.Tensor", own: "torch.Tensor", room: "torch.Tensor"
) -> "torch.Tensor":
    """Cross-entropy and derivatives [p, 3] at the scale of the logits, from the exponentials there."""
    import torch

    total = powers.sum(1)
    mean = torch.mul(powers, logits, out=room).sum(1).div_(total)
    square = room.mul_(logits).sum(1).div_(total)
    slope = mean - own
    return exact_sum(torch.stack([total.log() - own, slope, slope + square - mean * mean], dim=1))


def exact_sum(of_images: "torch.Tensor") -> "torch.Tensor":
    """The sum [...] over the images of [..., n], in float64, the same in any order."""
    return of_images.double().div_(UNIT).round_().sum(-1).mul_(UNIT)
