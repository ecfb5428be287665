"""Many prompt sets at once: chunked products and reductions, against set by set with whole logits in plain torch."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Comparison, alternate
from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.batch_statistics import batch_statistics, likely_windows, measure_on, shard_statistics
from evaluators.scoring.products import CandidateBatch, Products, images_per_product

if TYPE_CHECKING:
    import torch

__all__ = ["measure"]

WIDTH, SCALE = 512, 100.0


def measure(device: str) -> list[Comparison]:
    """On a CPU two kinds of population against plain torch; on CUDA the share of the matrix rate that is reached."""
    return _cuda() if device == "cuda" else _cpu()


def _cpu() -> list[Comparison]:
    rng = np.random.default_rng(1)
    images, few, hundred, thousand = _images(5_000, 100), _images(160, 10), _images(1_600, 100), _images(16_000, 1_000)
    parent, large = list(_unit_rows(rng, 100)), list(_unit_rows(rng, 1_000))
    return [
        _against_torch("unrelated sets", images, [list(_unit_rows(rng, 100)) for _ in range(16)]),
        _against_torch("children that change 5 of 100 classes", images, [_child(parent, rng, 5) for _ in range(120)]),
        _against_torch("few shots, 10 classes", few, [list(_unit_rows(rng, 10)) for _ in range(300)]),
        _against_torch("few shots, 100 classes", hundred, [_child(parent, rng, 5) for _ in range(60)]),
        _against_torch("one class of 1,000 changed", thousand, [_child(large, rng, 1) for _ in range(12)]),
    ]


def _against_torch(name: str, images: LabeledImages, sets: Sequence[Sequence[FloatArray]]) -> Comparison:
    import torch

    shards = [Products(images, "cpu", "fp32", keep=0)]
    features, labels = torch.from_numpy(np.asarray(images.embeddings)), torch.from_numpy(images.labels)

    def ours() -> list[float]:
        batch, chunk = CandidateBatch.of(sets), images_per_product("cpu")
        measure = measure_on(shards, SCALE, chunk, fused=False, figures=())
        found = batch_statistics(batch, likely_windows(batch, shards[0], SCALE, chunk), measure, SCALE)
        return [each.cross_entropy for each in found.scores([None] * len(sets))]

    def plain() -> list[float]:
        return [_whole_logits(features, torch.from_numpy(np.stack(columns)), labels) for columns in sets]

    theirs, own = alternate(plain, ours)
    return Comparison(
        name=f"populations: {name}",
        claim=f"{len(sets)} sets, {len(images):,} images, {len(images.class_ids)} classes, {WIDTH} dimensions, fp32",
        peer="whole logits set by set in torch",
        unit="sets/s",
        peer_rate=len(sets) / theirs,
        our_rate=len(sets) / own,
        difference=float(np.abs(np.subtract(plain(), ours())).max()),
    )


def _whole_logits(features: "torch.Tensor", weights: "torch.Tensor", labels: "torch.Tensor") -> float:
    """Every figure of a score the straightforward way; the cross-entropy is returned."""
    import torch

    cosines = features @ weights.T
    own = cosines.gather(1, labels[:, None])
    ranks = (cosines >= own).sum(1) - 1
    best, rival = cosines.scatter(1, labels[:, None], -torch.inf).max(1)
    log_p = (SCALE * cosines).log_softmax(1)
    p = log_p.exp()
    _ = (own.squeeze(1) - best).mean(), (ranks < 5).float().mean(), -(p * log_p).sum(1).mean(), p.mean(0)
    wrong = ranks > 0
    torch.unique(labels[wrong] * cosines.shape[1] + rival[wrong], return_counts=True)
    _fitted(cosines, labels)
    return float(-log_p.gather(1, labels[:, None]).double().mean())


def _fitted(cosines: "torch.Tensor", labels: "torch.Tensor") -> float:
    """The cross-entropy at the logit scale that fits best, by golden section to a thousandth of the scale."""
    import torch

    def at(log_scale: float) -> float:
        return float(torch.nn.functional.cross_entropy(math.exp(log_scale) * cosines, labels))

    low, high, golden = math.log(SCALE / 64), math.log(SCALE * 4), (math.sqrt(5) - 1) / 2
    inner = [high - golden * (high - low), low + golden * (high - low)]
    values = [at(each) for each in inner]
    while high - low > 1e-3:
        if values[0] < values[1]:
            high, inner[1], values[1] = inner[1], inner[0], values[0]
            inner[0] = high - golden * (high - low)
            values[0] = at(inner[0])
        else:
            low, inner[0], values[0] = inner[0], inner[1], values[1]
            inner[1] = low + golden * (high - low)
            values[1] = at(inner[1])
    return min(values)


def _cuda() -> list[Comparison]:
    import torch

    sets, images = 64, _images(50_000, 1_000)
    rng = np.random.default_rng(1)
    batch = CandidateBatch.of([list(_unit_rows(rng, 1_000)) for _ in range(sets)])
    flops = 2 * sets * len(images) * 1_000 * WIDTH
    matrices = [torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2)]

    def product() -> None:
        for _ in range(20):
            torch.mm(*matrices)
        torch.cuda.synchronize()

    rows = []
    for fused in (False, True):
        theirs, own = alternate(product, _on_cuda(batch, images, fused))
        rows.append(
            Comparison(
                name=f"populations: {'fused' if fused else 'eager'} reduction on CUDA",
                claim=f"products and reductions of {sets} sets, 50,000 images, 1,000 classes, {WIDTH} dimensions, bf16",
                peer="the device's bf16 matrix product, 8192 x 8192 x 8192",
                unit="TFLOP/s",
                peer_rate=20 * 2 * 8192**3 / theirs / 1e12,
                our_rate=flops / own / 1e12,
                goal=0.5,
            )
        )
    return rows


def _on_cuda(batch: CandidateBatch, images: LabeledImages, fused: bool) -> Callable[[], None]:
    """Sets in groups whose cosines take about 256 MB; statistics stay on the device."""
    import torch

    products = Products(images, "cuda", "bf16", keep=2**30)
    chunk, step = images_per_product("cuda"), 16
    classes = batch.index.shape[1]
    lower = np.full((step, 1), SCALE)
    groups = [
        CandidateBatch(batch.columns[start * classes : (start + step) * classes], batch.index[:step])
        for start in range(0, len(batch.index), step)
    ]

    def run() -> None:
        for group in groups:
            shard_statistics(group, products, slice(0, len(images)), SCALE, lower, chunk, fused=fused, figures=())
        torch.cuda.synchronize()

    return run


def _images(n: int, classes: int) -> LabeledImages:
    labels: NDArray[np.int64] = np.arange(n) % classes
    ids = tuple(f"c{i:04}" for i in range(classes))
    return LabeledImages(_unit_rows(np.random.default_rng(0), n), labels, ids, tuple(map(str, range(n))))


def _child(parent: Sequence[FloatArray], rng: np.random.Generator, changed: int) -> list[FloatArray]:
    child = list(parent)
    places = rng.choice(len(parent), changed, replace=False).tolist()
    for place, column in zip(places, _unit_rows(rng, changed), strict=True):
        child[place] = column
    return child


def _unit_rows(rng: np.random.Generator, rows: int) -> FloatArray:
    features = rng.standard_normal((rows, WIDTH), dtype=np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return features
