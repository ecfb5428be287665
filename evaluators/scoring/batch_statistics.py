"""Statistics of all images under all candidates of a batch, sharded over devices, logits never kept."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.scoring.fitted_scale import SAMPLE, likely_scales, window_sums
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.products import CandidateBatch, ImageChunk, Products
from evaluators.scoring.reductions import Reduced, reduce_cosines
from evaluators.scoring.scale_window import ScaleWindows, every_window, window_around

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

__all__ = ["batch_statistics", "logits_per_block", "reduce_in_blocks", "shard_statistics"]


T = TypeVar("T")


def logits_per_block(device: str) -> int:
    """Logits reduced at once in the eager way: 1 MB stays near a processor, 16 MB in the cache of a large GPU."""
    return 2**18 if device.partition(":")[0] == "cpu" else 2**22


def batch_statistics(
    batch: CandidateBatch, images: LabeledImages, shards: Sequence[Products], scale: float, chunk: int, fused: bool
) -> list[ImageStatistics]:
    """The statistics of every set over all images.

    Args:
        batch: P candidates.
        images: N labelled images.
        shards: one device each; every one takes whole chunks of consecutive images.
        scale: the model's logit scale.
        chunk: images at once.
        fused: reduce in one Triton kernel rather than in eager torch.
    """

    lower = _likely_windows(batch, shards[0], scale, chunk)

    def statistics(products: Products, first: int, last: int) -> "tuple[Reduced, torch.Tensor]":
        return shard_statistics(batch, products, first, last, scale, lower, chunk, fused)

    labels = np.array(images.labels, dtype=np.int64)
    parts = [
        (reduced, sums.cpu().numpy(), labels[place])
        for (reduced, sums), place in _on_every_shard(statistics, shards, len(images), chunk)
    ]
    found = [
        reduce(add, (reduced.of(i, own, ScaleWindows(lower[i], sums[i])) for reduced, sums, own in parts))
        for i in range(len(batch.index))
    ]
    for nearer in (True, False):
        astray = [i for i, each in enumerate(found) if not each.windows.hold_minimum(len(images), scale)]
        if not astray:
            break
        lower = np.tile(every_window(scale), (len(astray), 1))
        if nearer:
            lower = window_around(np.array([[found[i].windows.nearer(scale)] for i in astray]), scale)
        for i, windows in zip(astray, _windows(batch.some(astray), shards, len(images), lower, chunk), strict=True):
            found[i] = replace(found[i], windows=windows)
    return found


def shard_statistics(
    batch: CandidateBatch, products: Products, first: int, last: int,
    scale: float, lower: "NDArray[np.float64]", chunk: int, fused: bool,
) -> "tuple[Reduced, torch.Tensor]":  # fmt: skip
    """The statistics of the images of [first, last), left on the device.

    Args:
        lower: [P, K] lower ends of windows of the logit scale; the others as above.

    Returns:
        The statistics, and what `window_sums` makes of every window, [P, K, 2, 3].
    """
    import torch

    with torch.inference_mode():
        index = torch.from_numpy(batch.index).to(products.device)
        sets, classes = index.shape
        whole = Reduced.zeros(sets, last - first, classes, products.device)
        windows = torch.zeros((*lower.shape, 2, 3), dtype=torch.float64, device=products.device)
        for images, cosines in _cosines(batch, products, first, last, chunk):
            place = slice(images.place.start - first, images.place.stop - first)
            for some, part in _reduced(cosines, index, images, scale, fused):
                whole.take_in(part, some, place)
            _add_windows(windows, cosines, index, images.labels, lower)
        return whole, windows


def _windows(
    batch: CandidateBatch, shards: Sequence[Products], images: int, lower: "NDArray[np.float64]", chunk: int
) -> list[ScaleWindows]:
    """The cross-entropies of every set in other windows [P, K]."""
    import torch

    def windows(products: Products, first: int, last: int) -> "torch.Tensor":
        with torch.inference_mode():
            index = torch.from_numpy(batch.index).to(products.device)
            sums = torch.zeros((*lower.shape, 2, 3), dtype=torch.float64, device=products.device)
            for chunk_, cosines in _cosines(batch, products, first, last, chunk):
                _add_windows(sums, cosines, index, chunk_.labels, lower)
            return sums

    total = reduce(add, (sums.cpu().numpy() for sums, _ in _on_every_shard(windows, shards, images, chunk)))
    return [ScaleWindows(own, sums) for own, sums in zip(lower, total, strict=True)]


def _likely_windows(batch: CandidateBatch, products: Products, scale: float, chunk: int) -> "NDArray[np.float64]":
    """The lower end [P, 1] of the window of the logit scale that a sample of the images speaks for."""
    import torch

    with torch.inference_mode():
        features, labels = products.sample(min(SAMPLE, chunk))
        cosines = products.cosines(products.matrix(batch.columns), features)
        index = torch.from_numpy(batch.index).to(products.device)
        found = [likely_scales(_gathered(cosines, index[some]), labels, scale) for some in _blocks(cosines, index)]
        return window_around(np.concatenate(found), scale)[:, None]


def _on_every_shard(
    run: Callable[[Products, int, int], T], shards: Sequence[Products], images: int, chunk: int
) -> list[tuple[T, slice]]:
    """What `run` gives for every device with its part of the images [first, last), made of whole chunks."""
    chunks = -(-images // chunk)
    bounds = [min(images, chunk * (chunks * i // len(shards))) for i in range(len(shards) + 1)]
    parts = [slice(first, last) for first, last in pairwise(bounds)]
    if len(shards) == 1:
        return [(run(shards[0], 0, images), parts[0])]
    with ThreadPoolExecutor(len(shards)) as pool:
        done = pool.map(lambda products, part: run(products, part.start, part.stop), shards, parts)
        return list(zip(done, parts, strict=True))


def _cosines(
    batch: CandidateBatch, products: Products, first: int, last: int, chunk: int
) -> "Iterator[tuple[ImageChunk, torch.Tensor]]":
    """The images of [first, last) with their cosines [U, n] with the batch's embeddings."""
    matrix = products.matrix(batch.columns)
    for images in products.chunks(first, last, chunk):
        yield images, products.cosines(matrix, images.features)


def _add_windows(
    sums: "torch.Tensor", cosines: "torch.Tensor", index: "torch.Tensor", labels: "torch.Tensor",
    lower: "NDArray[np.float64]",
) -> None:  # fmt: skip
    import torch

    ends = torch.from_numpy(lower.astype(np.float32)).to(sums.device)
    blocks = list(_blocks(cosines, index))
    room = cosines.new_empty((3, index[blocks[0]].numel() * cosines.shape[1]))
    for some in blocks:
        for k in range(lower.shape[1]):
            sums[some, k] += window_sums(_gathered(cosines, index[some]), labels, ends[some, k], room)


def _reduced(
    cosines: "torch.Tensor", index: "torch.Tensor", images: ImageChunk, scale: float, fused: bool
) -> Iterator[tuple[slice, Reduced]]:
    if not fused:
        return reduce_in_blocks(cosines, index, images.labels, scale)
    from evaluators.scoring.fused_reduction import reduce_fused

    return iter([(slice(0, len(index)), reduce_fused(cosines, index, images.labels, scale))])


def reduce_in_blocks(
    cosines: "torch.Tensor", index: "torch.Tensor", labels: "torch.Tensor", scale: float
) -> Iterator[tuple[slice, Reduced]]:
    """Cosines [U, n] reduced for some sets of `index` [P, C] after another: the sets, and their statistics."""
    for some in _blocks(cosines, index):
        yield some, reduce_cosines(_gathered(cosines, index[some]), labels, scale)


def _blocks(cosines: "torch.Tensor", index: "torch.Tensor") -> Iterator[slice]:
    """Sets of `index` [P, C] whose cosines are reduced at once."""
    step = max(1, logits_per_block(cosines.device.type) // (index.shape[1] * cosines.shape[1]))
    return (slice(start, min(start + step, len(index))) for start in range(0, len(index), step))


def _gathered(cosines: "torch.Tensor", rows: "torch.Tensor") -> "torch.Tensor":
    """The cosines [p, C, n] of some sets, given by the `rows` [p, C] of their classes, out of [U, n]."""
    return cosines.index_select(0, rows.flatten()).view(*rows.shape, cosines.shape[1])
