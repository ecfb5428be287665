"""Small real pictures, written where a test wants them."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from prompt_search.data.load import DataSplits, load_splits
from tests.fakes.pixel_model import PixelModel


def png(number: int) -> bytes:
    """A PNG of its own for every number."""
    pixels = np.random.default_rng(number).integers(0, 256, size=(4, 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_classes(root: Path, counts: Mapping[str, int], first: int = 0) -> Path:
    """So many pictures in each folder, no two the same."""
    number = first
    for folder, count in counts.items():
        for i in range(count):
            write(root / folder / f"{i:03}.png", png(number))
            number += 1
    return root


def load(
    source: Path,
    cache: Path,
    model: PixelModel | None = None,
    *,
    shots: int | None = None,
    select_shots: int | None = None,
    seed: int = 0,
    verify: bool = False,
) -> DataSplits:
    return load_splits(
        source,
        model or PixelModel(),
        cache_dir=cache,
        shots=shots,
        select_shots=select_shots,
        seed=seed,
        verify=verify,
    )


def used(splits: DataSplits) -> set[str]:
    """The ids of all images that have a role."""
    return {*splits.search.image_ids, *splits.select.image_ids, *splits.test.image_ids}
