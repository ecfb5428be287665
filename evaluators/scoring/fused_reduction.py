"""Cosines reduced to statistics of images in one Triton kernel: `reductions` without its temporaries.

A program of the kernel takes a few images under one prompt set. It reads their cosines with the set's classes, wherever
these are among the batch's, keeps a running softmax (Milakov and Gimelshein 2018, arXiv:1805.02867), and reads
them once more for the probabilities of the classes, which need the softmax's total. Sums over images are made of
partial sums in a fixed order, without atomic additions, so that a score is the same every time.
"""

# Triton's arguments have no Python types; it looks up what annotates them, unless that is quoted. Its constants are
# written in capitals.
# ruff: noqa: ANN401, N803

from typing import TYPE_CHECKING, Any

import triton  # type: ignore[import-untyped]
import triton.language as tl  # type: ignore[import-untyped]

from evaluators.scoring.reductions import Reduced

if TYPE_CHECKING:
    import torch

__all__ = ["reduce_fused"]

MOST_CLASSES = 1024
"""Classes a program holds at once; more are read tile by tile."""

TILE = 2**14
"""Cosines a program holds at once."""

PARTIAL_SUMS = 2**22
"""Partial sums of one launch: 16 MB of them; more sets take more launches."""


def reduce_fused(cosines: "torch.Tensor", index: "torch.Tensor", labels: "torch.Tensor", scale: float) -> Reduced:
    """The statistics of P sets.

    Args:
        cosines: [U or more, n] float32, contiguous, of the batch's classes with n images.
        index: [P, C] int64, which of the U are a set's classes.
        labels: [n] int64.
        scale: the logit scale.
    """
    import torch

    (sets, classes), n = index.shape, cosines.shape[1]
    class_tile = min(triton.next_power_of_2(classes), MOST_CLASSES)
    image_tile = min(TILE // class_tile, 128)
    tiles = triton.cdiv(n, image_tile)
    out = Reduced.zeros(sets, n, classes, cosines.device)
    assert out.probabilities is not None
    step = max(1, PARTIAL_SUMS // (tiles * classes))
    # Triton starts a kernel on the current device, wherever its arguments are.
    with torch.cuda.device_of(cosines):  # type: ignore[no-untyped-call]
        for start in range(0, sets, step):
            some = slice(start, start + step)
            rows = index[some].contiguous()
            partial = torch.empty((tiles, len(rows), classes), dtype=torch.float32, device=cosines.device)
            _kernel[(tiles, len(rows))](
                cosines, rows, labels,
                out.ranks[some], out.predicted[some], out.margins[some], out.cross_entropies[some], out.entropies[some],
                partial, n, scale, classes, class_tile, image_tile, num_warps=8,
            )  # fmt: skip
            torch.sum(partial, dim=0, dtype=torch.float64, out=out.probabilities[some])
    return out


@triton.jit  # type: ignore[untyped-decorator]
def _kernel(
    cosines: "Any", index: "Any", labels: "Any",
    ranks: "Any", predicted: "Any", margins: "Any", cross_entropies: "Any", entropies: "Any", partial: "Any",
    n: "Any", scale: "Any",
    CLASSES: tl.constexpr, CLASS_TILE: tl.constexpr, IMAGE_TILE: tl.constexpr,
) -> None:  # fmt: skip
    set_ = tl.program_id(1)
    image = tl.program_id(0) * IMAGE_TILE + tl.arange(0, IMAGE_TILE)
    real = image < n
    label = tl.load(labels + image, mask=real, other=0)
    own_row = tl.load(index + set_ * CLASSES + label)
    own = tl.load(cosines + own_row * n + image, mask=real, other=0.0)

    at_least_own = tl.zeros([IMAGE_TILE], tl.int32)
    best = tl.full([IMAGE_TILE], float("-inf"), tl.float32)
    rival = tl.zeros([IMAGE_TILE], tl.int32)
    top = own
    total = tl.zeros([IMAGE_TILE], tl.float32)
    weighted = tl.zeros([IMAGE_TILE], tl.float32)
    for first in range(0, CLASSES, CLASS_TILE):
        c = first + tl.arange(0, CLASS_TILE)
        row = tl.load(index + set_ * CLASSES + c, mask=c < CLASSES, other=0)
        inside = (c < CLASSES)[:, None] & real[None, :]
        x = tl.load(cosines + row[:, None] * n + image[None, :], mask=inside, other=float("-inf"))
        at_least_own += tl.sum((x >= own[None, :]).to(tl.int32), 0)
        others = tl.where(c[:, None] == label[None, :], float("-inf"), x)
        tile_best, place = tl.max(others, 0, return_indices=True, return_indices_tie_break_left=True)
        rival = tl.where(tile_best > best, first + place, rival)
        best = tl.maximum(best, tile_best)
        # The running softmax: what was summed so far moves to the new maximum.
        higher = tl.maximum(top, tile_best)
        step = scale * (top - higher)
        shrink = tl.exp(step)
        logit = scale * (x - higher[None, :])
        e = tl.exp(logit)
        weighted = shrink * (weighted + step * total) + tl.sum(tl.where(inside, e * logit, 0.0), 0)
        total = shrink * total + tl.sum(e, 0)
        top = higher

    best = tl.where(best == float("-inf"), own, best)  # a single class
    rank = at_least_own - 1
    log_total = tl.log(total)
    out = set_ * n + image
    tl.store(ranks + out, rank, mask=real)
    tl.store(predicted + out, tl.where(rank == 0, label.to(tl.int32), rival), mask=real)
    tl.store(margins + out, own - best, mask=real)
    tl.store(cross_entropies + out, log_total - scale * (own - top), mask=real)
    tl.store(entropies + out, tl.maximum(log_total - weighted / total, 0.0), mask=real)

    for first in range(0, CLASSES, CLASS_TILE):
        c = first + tl.arange(0, CLASS_TILE)
        row = tl.load(index + set_ * CLASSES + c, mask=c < CLASSES, other=0)
        inside = (c < CLASSES)[:, None] & real[None, :]
        x = tl.load(cosines + row[:, None] * n + image[None, :], mask=inside, other=float("-inf"))
        p = tl.where(inside, tl.exp(scale * (x - top[None, :])) / total[None, :], 0.0)
        place = (tl.program_id(0) * tl.num_programs(1) + set_) * CLASSES + c
        tl.store(partial + place, tl.sum(p, 1), mask=c < CLASSES)
