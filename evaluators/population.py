"""Statistics of all images under all sets of a population, sharded over devices, logits never kept."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from evaluators.image_statistics import ImageStatistics
from evaluators.labeled_images import LabeledImages
from evaluators.products import ImageChunk, Population, Products
from evaluators.reductions import Reduced, reduce_cosines

if TYPE_CHECKING:
    import torch

__all__ = ["logits_per_block", "population_statistics", "reduce_in_blocks", "shard_statistics"]


def logits_per_block(device: str) -> int:
    """Logits reduced at once in the eager way: 1 MB stays near a processor, 16 MB in the cache of a large GPU."""
    return 2**18 if device.partition(":")[0] == "cpu" else 2**22


def population_statistics(
    population: Population, images: LabeledImages, shards: Sequence[Products], scale: float, chunk: int, fused: bool
) -> Iterator[ImageStatistics]:
    """The statistics of every set over all images.

    Args:
        population: P sets.
        images: N labelled images.
        shards: one device each; every one takes whole chunks of consecutive images.
        scale: the model's logit scale.
        chunk: images at once.
        fused: reduce in one Triton kernel rather than in eager torch.
    """
    chunks = -(-len(images) // chunk)
    bounds = [min(len(images), chunk * (chunks * i // len(shards))) for i in range(len(shards) + 1)]

    def run(place: int) -> Reduced:
        return shard_statistics(population, shards[place], bounds[place], bounds[place + 1], scale, chunk, fused)

    with ThreadPoolExecutor(len(shards)) as pool:
        parts = [run(0)] if len(shards) == 1 else list(pool.map(run, range(len(shards))))
    labels = np.array(images.labels, dtype=np.int64)
    for index in range(len(population.index)):
        yield reduce(add, (part.of(index, labels[a:b]) for part, a, b in zip(parts, bounds, bounds[1:], strict=False)))


def shard_statistics(
    population: Population, products: Products, first: int, last: int, scale: float, chunk: int, fused: bool
) -> Reduced:
    """The statistics of the images of [first, last), left on the device; arguments as above."""
    import torch

    with torch.inference_mode():
        matrix = products.matrix(population.columns)
        index = torch.from_numpy(population.index).to(products.device)
        sets, classes = index.shape
        whole = Reduced.zeros(sets, last - first, classes, products.device)
        for images in products.chunks(first, last, chunk):
            cosines = products.cosines(matrix, images.features)
            place = slice(images.place.start - first, images.place.stop - first)
            for some, part in _reduced(cosines, index, images, scale, fused):
                whole.take_in(part, some, place)
        return whole


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
    sets, classes = index.shape
    n = cosines.shape[1]
    step = max(1, logits_per_block(cosines.device.type) // (classes * n))
    for start in range(0, sets, step):
        rows = index[start : start + step]
        block = cosines.index_select(0, rows.flatten()).view(len(rows), classes, n)
        yield slice(start, start + len(rows)), reduce_cosines(block, labels, scale)
