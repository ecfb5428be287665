"""CIFAR-10 as the benches use it: which images a search may draw, and which stay sealed."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cifar10_images import write_parquet
from examples.mini_clip.photos import CLASSES
from prompt_search.data.load import load_splits
from tests.fakes.pixel_model import PixelModel

TRAIN, TEST = 12, 7


def pictures(per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten classes of noisy colours, like CIFAR-10's arrays."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(10), per_class)
    colours = np.random.default_rng(1).integers(0, 256, (10, 1, 1, 3))[labels]
    return np.clip(colours + rng.integers(-40, 40, (len(labels), 32, 32, 3)), 0, 255).astype(np.uint8), labels


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CIFAR-10; every third train image has to stay unused."""
    target = tmp_path_factory.mktemp("cifar10") / "cifar10.parquet"
    pool = [index for index in range(10 * TRAIN) if index % 3]
    write_parquet(target, pictures(TRAIN, seed=2), pool, pictures(TEST, seed=3))
    return target


def test_searches_draw_from_the_pool_alone_and_every_test_image_is_sealed(data: Path, tmp_path: Path) -> None:
    drawn = [load_splits(data, PixelModel(), cache_dir=tmp_path, shots=2, select_shots=2, seed=s) for s in range(4)]
    used = {image for splits in drawn for part in (splits.search, splits.select) for image in part.image_ids}
    assert all(int(re.findall(r"(\d+)\.png$", image)[0]) % 3 for image in used)
    assert len({splits.search.image_ids for splits in drawn}) == 4
    for splits in drawn:
        assert len(splits.search.image_ids) == len(splits.select.image_ids) == 20
        assert len(splits.test.image_ids) == 10 * TEST
        assert all(image.startswith("test/") for image in splits.test.image_ids)
    assert [label.name for label in drawn[0].classes] == list(CLASSES)
