"""The bundled photos are what their data card says, and so is the sampling that made them."""

from collections import Counter

import numpy as np
import pyarrow.parquet

from examples.mini_clip.photos import CLASSES, PER_CLASS, TUNING, UNLABELLED, sample, unbundled_order
from prompt_search.testbed.bundled import BUNDLED_DATA
from tests.examples.bundled_photos import photos


def made(per_class: int) -> tuple[np.ndarray, np.ndarray]:
    """Small random images of ten classes in mixed order."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(10), per_class))
    return rng.integers(0, 256, (len(labels), 4, 4, 3), dtype=np.uint8), labels


def test_the_file_has_60_train_and_200_test_images_of_each_class() -> None:
    rows = pyarrow.parquet.read_table(BUNDLED_DATA["photos"], columns=["name", "split"]).to_pylist()
    counts = Counter((row["name"], row["split"]) for row in rows)
    assert counts == {(name, split): n for name in CLASSES for split, n in (("train", 60), ("test", 200))}


def test_no_two_images_have_the_same_pixels_within_a_split_or_across() -> None:
    pixels = [photo.tobytes() for name in CLASSES for split in PER_CLASS for photo in photos(name, split)]
    assert len(pixels) == len(set(pixels)) == 2600


def test_a_larger_sample_holds_the_smaller_one() -> None:
    images, labels = made(30)
    small, large = sample(images, labels, 5), sample(images, labels, 12)
    assert set(small) < set(large)
    assert Counter(labels[large].tolist()) == dict.fromkeys(range(10), 12)


def test_an_image_that_is_there_twice_is_taken_once() -> None:
    images, labels = made(6)
    first, second = np.flatnonzero(labels == 3)[:2]
    images[second] = images[first]
    other = np.flatnonzero(labels == 7)[0]
    images[other] = images[first]
    chosen = sample(images, labels, 6)
    assert len({first, second, other} & set(chosen.tolist())) == 1
    assert len(chosen) == 58


def test_what_mini_clip_was_made_with_comes_first_and_the_bundled_images_not_at_all() -> None:
    images, labels = made(900)
    order = unbundled_order(images, labels)
    assert len(order) == len(set(order.tolist())) == 9000 - 600 > TUNING + UNLABELLED
    assert not set(order.tolist()) & set(sample(images, labels, PER_CLASS["train"]).tolist())
