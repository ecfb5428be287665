"""Ensemble selection: what its hold adds, and what weighing all changes of a class at once saves; without an LLM.

Accuracy: texts of the 80 general templates are selected with 2, 8 and 30 images a class of the search and select images
of `photos`, over draws, with and without the hold, and tried on the other images there. The sealed test images have no
part in it.

Speed: all changes of a class at once, against each change made and scored by itself; and a whole choice of one of three
holds by cross-validation among 158 classes.

Rows: what weighing a class's changes on a few hundred images does to the cross-entropy of images left out.
"""

import statistics
import time
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Figure
from evaluators import SelectionSettings, TextEncoder, TextLibrary, choose_texts, general_templates
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.fitted_scale import cross_entropies
from evaluators.selection import text_selection
from evaluators.selection.library_selection import library_features
from evaluators.selection.text_selection import TextFeatures, select_texts, weights_of
from prompt_search.cache.cache_dir import cache_dir
from prompt_search.data import load_splits
from prompt_search.models import load_model
from prompt_search.testbed.bundled import data_path

__all__ = ["measure"]

SHOTS = (2, 8, 30)
DRAWS = 10
HOLDS = (0.0, 3.0, 10.0, 30.0)
CLAIM = "photos' train images that were not drawn, gain over the photo template, mean of 10 draws"


def measure(device: str) -> list[Figure]:
    """Accuracy with and without the hold, and the ratio of time."""
    cache = cache_dir(None)
    model = load_model("mini-clip", device=device, precision="fp32")
    splits = load_splits(data_path("photos"), model, cache_dir=cache, shots=30, select_shots=30)
    x = np.concatenate([splits.search.embeddings[:], splits.select.embeddings[:]])
    y = np.concatenate([splits.search.labels, splits.select.labels])
    library = TextLibrary(splits.classes, tuple(general_templates()), ((),) * len(splits.classes))
    features = library_features(library, TextEncoder(model, cache).embed)
    figures = [_gain(shots, hold, x, y, library, features, model.logit_scale) for shots in SHOTS for hold in HOLDS]
    return [*figures, _ratio(x, y, features, model.logit_scale), *_many_classes(device)]


def _many_classes(device: str) -> list[Figure]:
    """On the search images of the bundled emoji."""
    cache = cache_dir(None)
    model = load_model("mini-clip", device=device, precision="fp32")
    splits = load_splits(data_path("emoji"), model, cache_dir=cache)
    x, y, scale = splits.search.embeddings[:], splits.search.labels, model.logit_scale
    library = TextLibrary(splits.classes, tuple(general_templates()), ((),) * len(splits.classes))
    features = library_features(library, TextEncoder(model, cache).embed)
    began = time.process_time()
    on_all = choose_texts(x, y, library, features, scale, SelectionSettings())
    seconds = time.process_time() - began
    with patch.object(text_selection, "ROWS_AT_ONCE", 0):
        on_few = choose_texts(x, y, library, features, scale, SelectionSettings())
    what = f"emoji, {len(library.classes)} classes, {len(general_templates())} texts each, {len(y)} search images"
    figures = [
        Figure(
            "selection: a choice among many classes", f"{what}, 3 holds, 5 folds", seconds, "s", None, "of a processor"
        )
    ]
    for (hold, whole), (_, few) in zip(on_all.held_out, on_few.held_out, strict=True):
        name, note = f"selection: few images, hold {hold:g}", f"{whole:.4f} nats on all images"
        few_rows = f"weighing changes on {text_selection.FEW_ROWS} others"
        claim = f"{what}: what {few_rows} adds to the cross-entropy of images left out"
        figures.append(Figure(name, claim, few - whole, "nats", None, note))
    return figures


def _gain(
    shots: int, hold: float, x: FloatArray, y: NDArray[np.int64], library: TextLibrary, features: TextFeatures,
    scale: float,
) -> Figure:  # fmt: skip
    plain = weights_of(features, tuple((first,) for first in library.start))
    gains = []
    for draw in range(DRAWS):
        rng = np.random.default_rng(draw)
        own = np.concatenate([rng.permutation(np.flatnonzero(y == c))[:shots] for c in range(len(library.classes))])
        rest = np.setdiff1d(np.arange(len(y)), own)
        chosen = choose_texts(x[own], y[own], library, features, scale, SelectionSettings(hold=hold)).chosen
        right = [_top1(weights, x[rest], y[rest]) for weights in (weights_of(features, chosen), plain)]
        gains.append(100 * (right[0] - right[1]))
    error = statistics.stdev(gains) / DRAWS**0.5
    return Figure(
        name=f"selection: {shots} images a class, hold {hold:g}",
        claim=CLAIM,
        value=statistics.mean(gains),
        unit="points",
        note=f"standard error {error:.2f}",
    )


def _top1(weights: FloatArray, x: FloatArray, y: NDArray[np.int64]) -> float:
    return float(((x @ weights).argmax(axis=1) == y).mean())


def _ratio(x: FloatArray, y: NDArray[np.int64], features: TextFeatures, scale: float) -> Figure:
    """One cycle over the classes, ours against the plain way, on 320 images."""
    own = np.sort(np.random.default_rng(0).permutation(len(y))[:320])
    began = time.perf_counter()
    select_texts(x[own], y[own], features, scale, hold=0.0, most=16, cycles=1)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    _plain_cycle(x[own], y[own], features, scale)
    plain = time.perf_counter() - began
    return Figure(
        name="selection: one cycle over the classes",
        claim="times as fast as making and scoring every change by itself",
        value=plain / ours,
        unit="x",
        note=f"{len(features.texts)} classes, {len(features.texts[0])} texts each, 320 images",
    )


def _plain_cycle(x: FloatArray, y: NDArray[np.int64], features: TextFeatures, scale: float) -> None:
    chosen = [tuple(own) for own in features.start]
    for c, texts in enumerate(features.texts):
        tried = [(*chosen[c], t) for t in range(len(texts)) if t not in chosen[c]]
        losses = [
            cross_entropies(x @ weights_of(features, (*chosen[:c], one, *chosen[c + 1 :])), y, scale).mean()
            for one in tried
        ]
        chosen[c] = tried[int(np.argmin(losses))]
