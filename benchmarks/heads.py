"""What a linear probe and Tip-Adapter make of the images a search has, on all 10,000 CIFAR-10 test images.

    python -m benchmarks heads

Each draw is a run's: so many images a class to search with and as many to select with, here all given to the head. The
first call downloads CIFAR-10 and encodes some 18,000 images, which takes minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.cifar10_images import cifar10_file
from benchmarks.measure import Figure
from evaluators import PHOTO_TEMPLATE, ImageTextModel, LabeledImages, PromptSet, class_weights, general_templates
from evaluators.heads.head import score_head
from evaluators.heads.linear_probe import Probe, fit_probe
from evaluators.heads.tip_adapter import TipAdapter, fit_tip_adapter
from evaluators.models.image_text_model import FloatArray
from prompt_search.cache.cache_dir import cache_dir
from prompt_search.data.load import DataSplits, load_splits
from prompt_search.models import load_model
from prompt_search.report.statistics import Mean

__all__ = ["gains", "measure"]

SHOTS = (1, 4, 16, 64)
DRAWS = 5
PHOTO, ENSEMBLE = "the photo template", "80 general templates"


@dataclass(frozen=True)
class Draw:
    """Images of one draw, search and select together, and the test images."""

    shots: int
    labelled: LabeledImages
    test: LabeledImages


def measure(device: str) -> list[Figure]:
    """Gains over the photo template in points, the mean over draws with its standard error."""
    model = load_model("mini-clip", device=device)
    data = cifar10_file(cache_dir() / "benchmarks")
    found: dict[tuple[int, str], list[float]] = {}
    for shots in SHOTS:
        for seed in range(DRAWS):
            splits = load_splits(data, model, cache_dir=cache_dir(), shots=shots, select_shots=shots, seed=seed)
            for name, gain in gains(_draw(splits, shots), _words(splits, model), model.logit_scale).items():
                found.setdefault((shots, name), []).append(gain)
    return [_figure(shots, name, values) for (shots, name), values in found.items()]


def gains(draw: Draw, words: Mapping[str, FloatArray], scale: float) -> dict[str, float]:
    """Points of top-1 on the test images over those of the photo template, by head.

    Args:
        draw: the images.
        words: zero-shot classifiers [D, C] by name, that of the photo template among them.
        scale: the model's logit scale.
    """
    x, y = np.asarray(draw.labelled.embeddings), draw.labelled.labels
    heads: dict[str, Probe | TipAdapter] = {name: Probe(weight, None, ()) for name, weight in words.items()}
    heads |= {f"probe from {name}": fit_probe(x, y, weight, scale) for name, weight in words.items()}
    heads |= {f"Tip-Adapter on {name}": fit_tip_adapter(x, y, weight, scale) for name, weight in words.items()}
    top1 = {name: 100 * score_head(head, draw.test, scale).score.top1 for name, head in heads.items()}
    photo = top1.pop(PHOTO)
    return {name: value - photo for name, value in top1.items()}


def _words(splits: DataSplits, model: ImageTextModel) -> dict[str, FloatArray]:
    templates = {PHOTO: [PHOTO_TEMPLATE], ENSEMBLE: list(general_templates())}
    return {name: class_weights(PromptSet.of(splits.classes, own), model) for name, own in templates.items()}


def _draw(splits: DataSplits, shots: int) -> Draw:
    search, select = splits.search, splits.select
    labelled = LabeledImages(
        np.concatenate([search.embeddings[:], select.embeddings[:]]),
        np.concatenate([search.labels, select.labels]),
        search.class_ids,
        search.image_ids + select.image_ids,
    )
    return Draw(shots, labelled, splits.test)


def _figure(shots: int, name: str, values: Sequence[float]) -> Figure:
    mean = Mean.of(values)
    return Figure(
        name=f"heads: {shots} + {shots} images a class: {name}",
        claim="top-1 over the photo template on 10,000 CIFAR-10 test images, mini-clip",
        value=round(mean.value, 2),
        unit="points",
        note=f"{mean}, draws {', '.join(f'{value:+.1f}' for value in values)}",
    )
