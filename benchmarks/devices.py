"""Encoding and scoring on all GPUs of a machine, against one of them; on a processor, on it twice.

ViT-B-32 with random weights on pixels in memory, so that no decoding is measured, and products of prompt sets with the
images' features. On a processor two devices are two shares of the same cores: the ratio says nothing there, but that
the way is open.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.measure import Comparison, alternate
from evaluators import Evaluator, LabeledImages, OpenClipModel, PromptSet, TextEncoder
from evaluators.models.shared_out_model import SharedOutModel

__all__ = ["measure"]

ARCHITECTURE = "ViT-B-32"
IMAGES = {"cpu": 64, "cuda": 16_384}
TEXTS = {"cpu": 256, "cuda": 16_384}
SPLIT = {"cpu": (2_048, 10, 8), "cuda": (50_000, 1_000, 64)}
"""Images, classes and prompt sets of what is scored."""


def measure(device: str) -> list[Comparison]:
    """Images, texts and prompt sets a second."""
    names = _devices(device)
    copies = [OpenClipModel(ARCHITECTURE, device=name, random_weights=True) for name in names]
    several = SharedOutModel(copies)
    return [*_encoding(device, copies[0], several), _scoring(device, copies[0], several)]


def _devices(device: str) -> list[str]:
    import torch

    return ["cpu", "cpu:0"] if device == "cpu" else [f"cuda:{i}" for i in range(torch.cuda.device_count())]


def _encoding(device: str, one: OpenClipModel, several: SharedOutModel) -> list[Comparison]:
    import torch

    generator = torch.Generator().manual_seed(0)
    shape = one.preprocess(Image.new("RGB", (8, 8))).shape
    pixels = list(torch.randn((IMAGES[device], *shape), generator=generator))
    texts = [f"a photo of thing number {i}, seen from afar." for i in range(TEXTS[device])]
    images = alternate(lambda: one.encode_pixels(pixels), lambda: several.encode_pixels(pixels), repeats=2)
    words = alternate(lambda: one.encode_texts(texts), lambda: several.encode_texts(texts), repeats=2)
    few, some = pixels[: 2 * several.image_batch], texts[:256]
    apart = [
        float(np.abs(one.encode_pixels(few) - several.encode_pixels(few)).max()),
        float(np.abs(one.encode_texts(some) - several.encode_texts(some)).max()),
    ]
    return [
        _comparison("images", len(pixels), "images", images, several.devices, apart[0]),
        _comparison("texts", len(texts), "texts", words, several.devices, apart[1]),
    ]


def _scoring(device: str, one: OpenClipModel, several: SharedOutModel) -> Comparison:
    n, classes, sets = SPLIT[device]
    names = {f"c{i:04}": f"thing {i}" for i in range(classes)}
    candidates = [PromptSet.of(names, [f"a photo of a {{}}, number {i}."]) for i in range(sets)]
    labels: NDArray[np.int64] = np.arange(n) % classes
    rows = np.random.default_rng(0).standard_normal((n, one.width), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    images = LabeledImages(rows, labels, tuple(names), tuple(map(str, range(n))))
    with TemporaryDirectory() as folder:
        texts = TextEncoder(several, Path(folder))
        alone = Evaluator(images, texts, devices=several.devices[:1])
        together = Evaluator(images, texts, devices=several.devices)
        seconds = alternate(lambda: alone.score(candidates), lambda: together.score(candidates), repeats=2)
        pairs = zip(alone.score(candidates), together.score(candidates), strict=True)
        difference = max(abs(a.cross_entropy - b.cross_entropy) for a, b in pairs)
    return _comparison(f"{sets} sets on {n:,} images", sets, "sets", seconds, several.devices, difference)


def _comparison(
    what: str, count: int, unit: str, seconds: tuple[float, float], devices: Sequence[str], difference: float
) -> Comparison:
    peer, ours = seconds
    return Comparison(
        name=f"devices: {what}",
        claim=f"{count:,} {unit} on {', '.join(devices)}; {ARCHITECTURE}, fp32",
        peer=f"the same on {devices[0]} alone",
        unit=f"{unit}/s",
        peer_rate=count / peer,
        our_rate=count / ours,
        difference=difference,
        note="" if len(set(devices)) > 1 and devices[0] != "cpu" else "one processor or GPU only: no gain is possible",
    )
