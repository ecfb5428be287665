"""Tip-Adapter without training: zero-shot logits and a vote of the labelled images (Zhang et al. 2022).

"Tip-Adapter: Training-free Adaption of CLIP for Few-shot Classification", arXiv 2207.09519, equation 5.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["ALPHAS", "BETAS", "TipAdapter", "fit_tip_adapter"]

ALPHAS = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Weights of the vote that are tried: of its mean over the images of a class, in logits."""
BETAS = (1.0, 3.0, 10.0, 30.0)
"""Sharpnesses of the vote that are tried."""

TEMPERATURES = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4)
"""What logits are multiplied by where they are judged; the best counts for each (alpha, beta).

A vote on top of zero-shot logits makes them surer than they should be, and at one scale for all the cross-entropy would
hold that against large alphas.
"""

NUMBERS_AT_ONCE = 2**22


@dataclass(frozen=True, slots=True, eq=False)
class TipAdapter:
    """Zero-shot weights with a cache of n labelled images.

    Attributes:
        weight: [D, C] float32, the zero-shot classifier.
        scale: its logit scale.
        keys: [n, D] float32, unit rows: the images in the cache.
        labels: [n] in [0, C).
        alpha: weight of the vote's mean per image of a class, in logits; the paper's alpha, which weighs the sum, is
            `alpha / (n / C)`. 0 where the vote only harms: the zero-shot classifier is what is left then.
        beta: sharpness of the vote.
        cross_validated: (alpha, beta, mean cross-entropy in nats) of all that were tried.
    """

    weight: FloatArray
    scale: float
    keys: FloatArray
    labels: NDArray[np.int64]
    alpha: float
    beta: float
    cross_validated: tuple[tuple[float, float, float], ...]

    def logits(self, features: FloatArray) -> FloatArray:
        """Logits [N, C] float32 of images with unit features [N, D]: s x W + alpha exp(-beta (1 - x F^T)) L.

        Takes time in proportion to N * n * D, and a few dozen megabytes beside the logits.
        """
        import torch

        voters = _Voters(self.labels, self.weight.shape[1])
        x, keys = torch.from_numpy(np.array(features, dtype=np.float32)), torch.from_numpy(self.keys[voters.order])
        logits = x @ torch.from_numpy(self.weight) * self.scale
        if self.alpha:
            room = voters.room(len(x))
            for part in _parts(len(x), len(keys)):
                cosines = torch.mm(x[part], keys.T, out=room[: part.stop - part.start])
                logits[part] += self.alpha * voters.votes(cosines, self.beta, cosines)
        found: FloatArray = logits.numpy()
        return found


def fit_tip_adapter(features: FloatArray, labels: NDArray[np.int64], zero_shot: FloatArray, scale: float) -> TipAdapter:
    """Put labelled images into the cache and choose alpha, of `ALPHAS`, and beta, of `BETAS`.

    Chosen is the least mean cross-entropy, each at the best of `TEMPERATURES`, where every image is classified without
    itself (leave-one-out). Its own class then has one image less than the others have, so its vote is scaled up by
    n_c / (n_c - 1): uncorrected, the choice is far too careful with few images. **With one image per class nothing can
    be left out, and alpha is 0.** No seed: nothing is drawn. Time is in proportion to N * (N * (D + 4) + 168 C).

    Args:
        features: [N, D] float32, unit rows.
        labels: [N] in [0, C); classes may be without images.
        zero_shot: [D, C] float32, unit columns.
        scale: the logit scale of the zero-shot classifier.

    >>> x = np.eye(4, dtype=np.float32)[[0, 0, 1, 1]]
    >>> words = np.eye(4, dtype=np.float32)[:, [2, 3]]  # that have nothing to do with the images
    >>> adapter = fit_tip_adapter(x, np.array([0, 0, 1, 1]), words, scale=10.0)
    >>> adapter.logits(x).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """
    counts = np.bincount(labels, minlength=zero_shot.shape[1])
    if counts.max(initial=0) < 2:
        return TipAdapter(zero_shot, scale, features, labels, alpha=0.0, beta=BETAS[0], cross_validated=())
    losses = _left_one_out(features, labels, zero_shot, scale, counts)
    # Of equal losses the first: the vote with the least weight.
    best = int(losses.T.ravel().argmin())
    alpha, beta = ALPHAS[best // len(BETAS)], BETAS[best % len(BETAS)]
    tried = tuple(
        (alpha, beta, round(float(losses[b, a]), 6)) for a, alpha in enumerate(ALPHAS) for b, beta in enumerate(BETAS)
    )
    return TipAdapter(zero_shot, scale, features, labels, alpha, beta, tried)


def _left_one_out(
    features: FloatArray, labels: NDArray[np.int64], zero_shot: FloatArray, scale: float, counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The mean cross-entropy [betas, alphas] of images that are classified without themselves."""
    import torch

    voters = _Voters(labels, len(counts))
    x, y = (torch.from_numpy(each[voters.order]) for each in (np.asarray(features, dtype=np.float32), labels))
    own_class = torch.from_numpy(counts / np.maximum(counts - 1, 1)).float()
    losses = np.zeros((len(BETAS), len(ALPHAS), len(TEMPERATURES)))
    rooms = voters.room(len(x)), voters.room(len(x))
    for part in _parts(len(x), len(x)):
        rows, own = torch.arange(part.stop - part.start), y[part]
        cosines, affinities = (room[: len(rows)] for room in rooms)
        torch.mm(x[part], x.T, out=cosines)
        zero_shot_logits = x[part] @ torch.from_numpy(zero_shot) * scale
        for b, beta in enumerate(BETAS):
            share = voters.votes(cosines, beta, affinities, but=torch.arange(part.start, part.stop))
            share[rows, own] *= own_class[own]
            for a, alpha in enumerate(ALPHAS):
                logits = zero_shot_logits + alpha * share
                losses[b, a] += [_cross_entropy(logits * temperature, own) for temperature in TEMPERATURES]
    least: NDArray[np.float64] = losses.min(axis=2) / len(x)
    return least


def _cross_entropy(logits: "torch.Tensor", labels: "torch.Tensor") -> float:
    import torch

    return float(torch.nn.functional.cross_entropy(logits, labels, reduction="sum"))


class _Voters:
    """Labelled images n in order of their C classes: the votes of a class are neighbours, and one sum."""

    def __init__(self, labels: NDArray[np.int64], classes: int) -> None:
        self.order = np.argsort(labels, kind="stable")
        self._present, self._starts = np.unique(labels[self.order], return_index=True)
        self._classes, self._weight = classes, np.float32(classes / len(labels))

    def room(self, images: int) -> "torch.Tensor":
        """For cosines with all voters, of as many of the images as are classified at once."""
        import torch

        return torch.empty((min(images, _at_once(len(self.order))), len(self.order)))

    def votes(
        self, cosines: "torch.Tensor", beta: float, room: "torch.Tensor", but: "torch.Tensor | None" = None
    ) -> "torch.Tensor":
        """Per class the sum of exp(-beta (1 - cosine)) over its images, times C / n: one per class on average [N, C].

        Args:
            cosines: [N, n], images in `order`.
            beta: sharpness.
            room: [N, n], may be that of the cosines, which are lost then. Memory that is used again: freed piece by
                piece, arrays of this size pile up in the C library.
            but: [N] the one among the n whose vote does not count.
        """
        import torch

        affinities = torch.sub(cosines, 1, out=room).mul_(beta).exp_()
        if but is not None:
            affinities[torch.arange(len(but)), but] = 0
        votes = np.zeros((len(cosines), self._classes), dtype=np.float32)
        votes[:, self._present] = np.add.reduceat(affinities.numpy(), self._starts, axis=1) * self._weight
        return torch.from_numpy(votes)


def _at_once(columns: int) -> int:
    return max(1, NUMBERS_AT_ONCE // columns)


def _parts(rows: int, columns: int) -> Iterator[slice]:
    step = _at_once(columns)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))
