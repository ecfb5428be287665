"""Pairwise prompts over all images at once against the loop over images that FuDD is usually written as."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Comparison, Figure, alternate
from evaluators import ClassPair, Difference, PairwisePrompts, PromptSet
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.pairwise_score import PairTable, pair_table, two_steps

if TYPE_CHECKING:
    import torch

IMAGES, CLASSES, WIDTH, K, DIFFERENCES = 10_000, 100, 512, 10, 4
SLICE = 200
"""Images that the loop is timed on."""

CHUNK = 512

Features = dict[str, FloatArray]
Sides = dict[tuple[str, str], tuple[str, ...]]
"""Texts of the first class against the second."""

Embed = Callable[[Sequence[str]], FloatArray]


def measure(device: str) -> list[Comparison | Figure]:
    """Predictions of all images; both ways begin with the features of images and texts in memory."""
    import torch

    prompts = every_pair()
    rng = np.random.default_rng(0)
    images = unit(rng.normal(size=(IMAGES, WIDTH)))
    texts = list(dict.fromkeys(text for own in prompts.rendered for text in own))
    matrix = unit(rng.normal(size=(len(texts), WIDTH)))
    row = {text: i for i, text in enumerate(texts)}
    features = dict(zip(texts, matrix, strict=True))
    embed: Embed = lambda wanted: matrix[[row[text] for text in wanted]]  # noqa: E731

    table = pair_table(prompts, embed)
    weights = torch.from_numpy(unit(embed([own[0] for own in prompts.base.rendered]))).T
    sides = {ids: pair.texts(ids[0]) for pair in prompts.pairs for ids in (pair.ids, pair.ids[::-1])}

    def ours() -> NDArray[np.int64]:
        with torch.inference_mode():
            return predictions(table, weights, images)

    loop_seconds, our_seconds = alternate(lambda: loop(prompts, sides, images[:SLICE], features), ours)
    table_seconds, _ = alternate(lambda: pair_table(prompts, embed), lambda: None)
    agree = float((loop(prompts, sides, images[:SLICE], features) == ours()[:SLICE]).mean())
    sizes = f"{CLASSES} classes, every pair with {DIFFERENCES} differences, D = {WIDTH}"
    return [
        Comparison(
            name="pairwise prompts",
            claim=f"FuDD with K = {K} on {IMAGES:,} random images, {sizes}; texts known, their table of sums built",
            peer="a Python loop over images",
            unit="images/s",
            peer_rate=SLICE / loop_seconds,
            our_rate=IMAGES / our_seconds,
            goal=50,
            note=f"the loop's rate is extrapolated from {SLICE} images; {100 * agree:.1f} % of their predictions agree",
        ),
        Figure(
            name="pairwise table",
            claim=f"the sums that pairwise prompts are scored with, built once per candidate; {sizes}",
            value=table_seconds,
            unit="s",
        ),
    ]


def every_pair() -> PairwisePrompts:
    """Texts for every pair of classes, none twice."""
    ids = [f"c{i:03}" for i in range(CLASSES)]
    base = PromptSet.of({class_id: f"thing {class_id}" for class_id in ids}, ["a photo of a {}."])
    pairs = tuple(
        ClassPair(one, other, tuple(_difference(one, other, i) for i in range(DIFFERENCES)))
        for one, other in combinations(ids, 2)
    )
    return PairwisePrompts(base, pairs, K)


def predictions(table: PairTable, weights: "torch.Tensor", images: FloatArray) -> NDArray[np.int64]:
    """Ours: the best class of every image [N], in the chunks that the evaluator takes."""
    import torch

    labels = torch.zeros(CHUNK, dtype=torch.int64)
    parts = torch.split(torch.from_numpy(images), CHUNK)
    chunks = ((part, part @ weights, labels[: len(part)]) for part in parts)
    found = [cosines.argmax(dim=1) for cosines, _ in two_steps(chunks, table, K, 100.0)]
    result: NDArray[np.int64] = torch.cat(found).numpy()
    return result


def loop(prompts: PairwisePrompts, sides: Sides, images: FloatArray, features: Features) -> NDArray[np.int64]:
    """The peer: image by image, class by class, the union of its texts, their mean, its cosine."""
    ids = [label.id for label in prompts.classes]
    weights = np.stack([features[own[0]] for own in prompts.base.rendered])
    best = []
    for image in images:
        top = [ids[c] for c in np.argsort(-(weights @ image), kind="stable")[: prompts.k]]
        cosines = [float(image @ _mean([features[t] for t in _union(sides, own, top)])) for own in top]
        best.append(ids.index(top[int(np.argmax(cosines))]))
    return np.array(best)


def unit(vectors: NDArray[np.floating]) -> FloatArray:
    """Rows of length 1."""
    rows: FloatArray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return rows


def _union(sides: Sides, own: str, top: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(text for rival in top if rival != own for text in sides[own, rival]))


def _mean(vectors: Sequence[FloatArray]) -> FloatArray:
    mean = np.mean(vectors, axis=0)
    direction: FloatArray = mean / np.linalg.norm(mean)
    return direction


def _difference(one: str, other: str, index: int) -> Difference:
    return Difference(f"attribute {index}", f"{one} against {other}, {index}", f"{other} against {one}, {index}")
