"""A linear probe that starts at zero-shot weights and is held to them.

What the labelled images themselves can do, without words: a yardstick for prompts, and for some users the better
answer. See `docs/words_or_probe.md`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.fitted_scale import best_scale
from evaluators.selection.stratified_folds import fold_count, stratified_folds

if TYPE_CHECKING:
    import torch

__all__ = ["PENALTIES", "Probe", "fit_probe"]

PENALTIES = tuple(10.0**exponent for exponent in (-2, -2.5, -3, -3.5, -4, -4.5, -5))
"""Lambdas that cross-validation chooses from, strongest first: in nats per squared unit of a logit's weights."""

START = 0.7
"""The probe starts from the zero-shot logits at this share of the scale that fits them best.

Chosen on CIFAR-10 train images that no result is measured on: there 0.7 and 0.5 were better than 1, than the model's
own scale and than a scale fitted jointly, and 0.7 was the safer one with two images a class.
"""

FITS = 10  # per penalty; where folds are few they are drawn several times, since one drawing of 20 images says little
MANY = 2**24  # N * D * C from which every image is held out once only
HUGE = 2**30  # and from which only one fold in five is held out
NUMBERS_AT_ONCE = 2**22
STEPS_REMEMBERED = 10  # for each two copies of the weights in double precision


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A linear classifier of D features into C classes; its logits are `scale * features @ weight`, scale as given.

    Attributes:
        weight: [D, C] float32. The columns are not unit vectors: their lengths are part of what was learnt.
        penalty: the lambda that was chosen, of `PENALTIES`; `None` where the zero-shot weights came out unchanged.
        cross_validated: (penalty, mean cross-entropy in nats on held-out images), `None` for no change first; empty
            where nothing could be held out.
    """

    weight: FloatArray
    penalty: float | None
    cross_validated: tuple[tuple[float | None, float], ...]


def fit_probe(
    features: FloatArray, labels: NDArray[np.int64], zero_shot: FloatArray, scale: float, seed: int = 0
) -> Probe:
    """Minimise mean cross-entropy + lambda |V - V0|^2 over logit weights V = scale * W (L-BFGS).

    The penalty that holds a probe to zero-shot weights instead of zero is that of Li, Grandvalet and Davoine 2018,
    "Explicit inductive bias for transfer learning" (L2-SP). V0 is the zero-shot classifier at `START` times the
    temperature that fits these images best. Lambda, or no change at all, is what stratified cross-validation inside
    these images likes best (2 to 5 folds, see `fold_count`). Weaker penalties are not tried once two in a row were
    worse than a stronger one. **With one image per class nothing can be held out, and the zero-shot weights come out
    unchanged.**

    The same input gives the same bits on the same machine with the same number of threads. Time is in proportion to
    N * D * C; with that over 2^24 each image is held out once only, over 2^30 one image in five. Memory is about
    8 N D + 200 D C bytes and 32 MB.

    Args:
        features: [N, D] float32, unit rows.
        labels: [N] in [0, C); classes may be without images.
        zero_shot: [D, C] float32, unit columns.
        scale: the logit scale of the model, that of the probe's logits too.
        seed: of the folds.

    >>> x = np.eye(4, dtype=np.float32)[[0, 0, 1, 1] * 4]
    >>> words = np.eye(4, dtype=np.float32)[:, [2, 3]]  # that have nothing to do with the images
    >>> probe = fit_probe(x, np.array([0, 0, 1, 1] * 4), words, scale=10.0)
    >>> (x[:3] @ probe.weight).argmax(axis=1).tolist()
    [0, 0, 1]
    """
    import torch

    x, y = torch.from_numpy(np.array(features, dtype=np.float32)), torch.from_numpy(labels.astype(np.int64))
    words = torch.from_numpy(np.ascontiguousarray(zero_shot, dtype=np.float64))
    start = words * (START * best_scale((x @ words.float()).numpy(), labels, scale))
    held_out = _held_out(labels, zero_shot.size * len(labels), seed)
    room = _room(len(x), words.shape[1])
    tried = _cross_validate(x, y, words, start, scale, held_out, room) if held_out else ()
    penalty = min(tried, key=lambda each: each[1])[0] if tried else None
    if penalty is None:
        return Probe(zero_shot.astype(np.float32), None, tried)
    # Down the path of penalties, as in the cross-validation: each step starts close to its end.
    weight = start
    for each in PENALTIES[: PENALTIES.index(penalty) + 1]:
        weight = _minimise(x, y, start, each, weight, room)
    return Probe((weight / scale).float().numpy(), penalty, tried)


def _held_out(labels: NDArray[np.int64], work: int, seed: int) -> list[NDArray[np.bool_]]:
    """Which images [N] each fit of the cross-validation holds out."""
    k = fold_count(labels)
    if not k:
        return []
    rng = np.random.default_rng(seed)
    drawings = 1 if work > MANY else FITS // k
    folds = [stratified_folds(labels, k, rng) for _ in range(drawings)]
    return [drawn == fold for drawn in folds for fold in range(1 if work > HUGE else k)]


def _cross_validate(
    x: "torch.Tensor", y: "torch.Tensor", words: "torch.Tensor", start: "torch.Tensor", scale: float,
    held_out: Sequence[NDArray[np.bool_]], room: "torch.Tensor",
) -> tuple[tuple[float | None, float], ...]:  # fmt: skip
    """The mean cross-entropy of held-out images without change, and at each penalty that was tried."""
    import torch

    parts = [(torch.from_numpy(np.flatnonzero(~out)), torch.from_numpy(np.flatnonzero(out))) for out in held_out]
    images = sum(len(out) for _, out in parts)
    weights = [start] * len(parts)
    unchanged = [words * best_scale((x[kept] @ words.float()).numpy(), y[kept].numpy(), scale) for kept, _ in parts]
    tried: list[tuple[float | None, float]] = [(None, _loss_of(x, y, parts, unchanged, room) / images)]
    for penalty in PENALTIES:
        weights = [
            _minimise(x[kept], y[kept], start, penalty, weight, room)
            for (kept, _), weight in zip(parts, weights, strict=True)
        ]
        tried.append((penalty, _loss_of(x, y, parts, weights, room) / images))
        losses = [loss for _, loss in tried[1:]]
        if losses.index(min(losses)) < len(losses) - 2:
            break
    return tuple((penalty, round(loss, 6)) for penalty, loss in tried)


def _loss_of(
    x: "torch.Tensor", y: "torch.Tensor", parts: Sequence[tuple["torch.Tensor", "torch.Tensor"]],
    weights: Sequence["torch.Tensor"], room: "torch.Tensor",
) -> float:  # fmt: skip
    """The cross-entropies of all held-out images, summed."""
    return sum(_loss(x[out], y[out], weight, room) for (_, out), weight in zip(parts, weights, strict=True))


def _minimise(
    x: "torch.Tensor", y: "torch.Tensor", start: "torch.Tensor", penalty: float, weight: "torch.Tensor",
    room: "torch.Tensor",
) -> "torch.Tensor":  # fmt: skip
    """The logit weights [D, C] float64 that minimise the penalised cross-entropy, sought from `weight`.

    By SciPy: torch's own L-BFGS imports torch's compiler.
    """
    import torch
    from scipy.optimize import minimize

    def objective(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        sought = torch.from_numpy(numbers).reshape(start.shape)
        gradient = torch.zeros_like(sought)
        loss = _loss(x, y, sought, room, gradient) / len(x)
        moved = sought - start
        gradient.div_(len(x)).add_(moved, alpha=2 * penalty)
        return loss + penalty * float(moved.square().sum()), gradient.numpy().ravel()

    limits = {"maxiter": 100, "maxcor": STEPS_REMEMBERED, "gtol": 1e-5, "ftol": 1e-9}
    found = minimize(objective, weight.numpy().ravel(), jac=True, method="L-BFGS-B", options=limits)
    return torch.from_numpy(found.x).reshape(start.shape)


def _loss(
    x: "torch.Tensor", y: "torch.Tensor", weight: "torch.Tensor", room: "torch.Tensor",
    gradient: "torch.Tensor | None" = None,
) -> float:  # fmt: skip
    """The summed cross-entropy of images, some at a time; its gradient is added to `gradient`."""
    import torch

    total, single = 0.0, weight.float()
    for rows in _rows(len(x), room.shape[1]):
        part, labels = x[rows], y[rows]
        logits, log_p = room[0, : len(labels)], room[1, : len(labels)]
        torch.log_softmax(torch.mm(part, single, out=logits), 1, out=log_p)
        total -= float(log_p.gather(1, labels[:, None]).sum(dtype=torch.float64))
        if gradient is not None:
            error = log_p.exp_()
            error[torch.arange(len(labels)), labels] -= 1
            gradient += part.T @ error
    return total


def _room(images: int, classes: int) -> "torch.Tensor":
    """For logits and their softmax, of as many images as are classified at once.

    It is used in every step: freed piece by piece, arrays of this size pile up in the C library.
    """
    import torch

    return torch.empty((2, min(images, max(1, NUMBERS_AT_ONCE // classes)), classes))


def _rows(images: int, at_once: int) -> Iterator[slice]:
    return (slice(start, start + at_once) for start in range(0, images, at_once))
