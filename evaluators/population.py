"""Statistics of all images under all sets of a population, sharded over devices, logits never kept."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from evaluators.fitted_scale import SAMPLE, likely_scales, window_sums
from evaluators.image_statistics import ImageStatistics
from evaluators.labeled_images import LabeledImages
from evaluators.products import ImageChunk, Population, Products
from evaluators.reductions import Reduced, reduce_cosines
from evaluators.scale_window import ScaleWindows, every_window, window_around

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

__all__ = ["logits_per_block", "population_statistics", "reduce_in_blocks", "shard_statistics"]


def logits_per_block(device: str) -> int:
    """Logits reduced at once in the eager way: 1 MB stays near a processor, 16 MB in the cache of a large GPU."""
    return 2**18 if device.partition(":")[0] == "cpu" else 2**22


def population_statistics(
    population: Population, images: LabeledImages, shards: Sequence[Products], scale: float, chunk: int, fused: bool
) -> list[ImageStatistics]:
    """The statistics of every set over all images.

    Args:
        population: P sets.
        images: N labelled images.
        shards: one device each; every one takes whole chunks of consecutive images.
        scale: the model's logit scale.
        chunk: images at once.
        fused: reduce in one Triton kernel rather than in eager torch.
    """

    def measured(some: Population, lower: "NDArray[np.float64]") -> list[ImageStatistics]:
        return _measure(some, images, shards, scale, lower, chunk, fused)

    found = measured(population, _windows(population, shards[0], scale, chunk))
    astray = [i for i, each in enumerate(found) if not each.windows.hold_minimum(len(images), scale)]
    if astray:
        everywhere = np.tile(every_window(scale), (len(astray), 1))
        again = measured(Population(population.columns, population.index[astray]), everywhere)
        for place, statistics in zip(astray, again, strict=True):
            found[place] = statistics
    return found


def _measure(
    population: Population, images: LabeledImages, shards: Sequence[Products],
    scale: float, lower: "NDArray[np.float64]", chunk: int, fused: bool,
) -> list[ImageStatistics]:  # fmt: skip
    chunks = -(-len(images) // chunk)
    bounds = [min(len(images), chunk * (chunks * i // len(shards))) for i in range(len(shards) + 1)]

    def run(place: int) -> "tuple[Reduced, torch.Tensor]":
        first, last = bounds[place : place + 2]
        return shard_statistics(population, shards[place], first, last, scale, lower, chunk, fused)

    with ThreadPoolExecutor(len(shards)) as pool:
        parts = [run(0)] if len(shards) == 1 else list(pool.map(run, range(len(shards))))
    labels = np.array(images.labels, dtype=np.int64)
    shares = [
        (reduced, sums.cpu().numpy(), labels[a:b])
        for (reduced, sums), a, b in zip(parts, bounds, bounds[1:], strict=False)
    ]
    return [
        reduce(add, (part.of(i, own, ScaleWindows(lower[i], sums[i])) for part, sums, own in shares))
        for i in range(len(population.index))
    ]


def shard_statistics(
    population: Population, products: Products, first: int, last: int,
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
        matrix = products.matrix(population.columns)
        index = torch.from_numpy(population.index).to(products.device)
        ends = torch.from_numpy(lower.astype(np.float32)).to(products.device)
        sets, classes = index.shape
        whole = Reduced.zeros(sets, last - first, classes, products.device)
        sums = torch.zeros((*lower.shape, 2, 3), dtype=torch.float64, device=products.device)
        for images in products.chunks(first, last, chunk):
            cosines = products.cosines(matrix, images.features)
            place = slice(images.place.start - first, images.place.stop - first)
            for some, part in _reduced(cosines, index, images, scale, fused):
                whole.take_in(part, some, place)
            for some in _blocks(cosines, index):
                for k in range(lower.shape[1]):
                    sums[some, k] += window_sums(_gathered(cosines, index[some]), images.labels, ends[some, k])
        return whole, sums


def _windows(population: Population, products: Products, scale: float, chunk: int) -> "NDArray[np.float64]":
    """The lower end [P, 1] of the window of the logit scale that a sample of the images speaks for."""
    import torch

    with torch.inference_mode():
        features, labels = products.sample(min(SAMPLE, chunk))
        cosines = products.cosines(products.matrix(population.columns), features)
        index = torch.from_numpy(population.index).to(products.device)
        found = [likely_scales(_gathered(cosines, index[some]), labels, scale) for some in _blocks(cosines, index)]
        return window_around(np.concatenate(found), scale)[:, None]


def _reduced(
    cosines: "torch.Tensor", index: "torch.Tensor", images: ImageChunk, scale: float, fused: bool
) -> Iterator[tuple[slice, Reduced]]:
    if not fused:
        return reduce_in_blocks(cosines, index, images.labels, scale)
    from evaluators.fused_reduction import reduce_fused

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
