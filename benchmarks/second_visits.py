"""Children of known texts: scored without the text tower, against encoding all their texts again.

A ProAPO generation: 120 children with other choices from the same descriptions, 100 classes x 50 texts, ViT-B-32.
"""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.measure import Comparison
from evaluators import Evaluator, LabeledImages, OpenClipModel, PromptSet, TextEncoder
from evaluators.models.image_text_model import FloatArray

__all__ = ["measure"]

ARCHITECTURE = "ViT-B-32"
CHILDREN, CLASSES, TEXTS, CHOICE, IMAGES = 120, 100, 50, 60, 1600
SLICE = 160


class KnownTexts:
    """The model with its own tokenizer, whose tower is replaced: filling the store with real features takes minutes."""

    def __init__(self, model: OpenClipModel) -> None:
        self._model = model
        self.encoded = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._model, name)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Random features; speed does not depend on what they are."""
        self.encoded += len(texts)
        return _unit_rows(len(texts), self._model.width)


def measure(device: str) -> list[Comparison]:
    """Generations that change 5 and all 100 of the classes."""
    model = OpenClipModel(ARCHITECTURE, random_weights=True, device=device)
    pool = {f"c{i:02}": [_description(i, j) for j in range(CHOICE)] for i in range(CLASSES)}
    rate = _texts_per_second(model, [text for own in pool.values() for text in own][:: CLASSES * CHOICE // SLICE])
    rows = []
    for changed in (5, CLASSES):
        seconds = _seconds(model, pool, _children(pool, changed))
        rows.append(
            Comparison(
                name=f"second visits: {changed} of {CLASSES} classes changed",
                claim=f"{CHILDREN} children of {CLASSES} classes x {TEXTS} known texts, {IMAGES} images",
                peer="encode every text again",
                unit="children/s",
                peer_rate=rate / (CLASSES * TEXTS),
                our_rate=CHILDREN / seconds,
                goal=100,
                note=f"the peer is extrapolated from encoding {SLICE} texts; ours starts with a cold process's caches",
            )
        )
    return rows


def _seconds(model: OpenClipModel, pool: dict[str, list[str]], children: Sequence[PromptSet]) -> float:
    """From the children to their scores, the vectors of all texts in the store and nothing in memory."""
    ids = tuple(pool)
    labels = np.arange(IMAGES) % CLASSES
    images = LabeledImages(_unit_rows(IMAGES, model.width), labels, ids, tuple(map(str, range(IMAGES))))
    known = KnownTexts(model)
    with TemporaryDirectory() as folder:
        TextEncoder(known, Path(folder)).prepare([text for own in pool.values() for text in own])
        before = known.encoded
        started = time.perf_counter()
        Evaluator(images, TextEncoder(known, Path(folder))).score(children)
        seconds = time.perf_counter() - started
    assert known.encoded == before, "the text tower was used"
    return seconds


def _texts_per_second(model: OpenClipModel, texts: Sequence[str]) -> float:
    """The best of three, the first of which warms up."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        model.encode_texts(texts)
        seconds.append(time.perf_counter() - started)
    return len(texts) / min(seconds)


def _children(pool: dict[str, list[str]], changed: int) -> list[PromptSet]:
    rng = random.Random(0)
    parent = {name: own[:TEXTS] for name, own in pool.items()}
    children = []
    for _ in range(CHILDREN):
        edits = {name: rng.sample(pool[name], TEXTS) for name in rng.sample(sorted(pool), changed)}
        children.append(PromptSet.of({name: name for name in pool}, texts=parent | edits))
    return children


def _description(index: int, number: int) -> str:
    return f"a photo of animal {index}, which has {number} dark stripes on its back and a long tail."


def _unit_rows(rows: int, width: int) -> FloatArray:
    features = np.random.default_rng(rows).standard_normal((rows, width), dtype=np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return features
