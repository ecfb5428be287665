"""Encoding images through the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluators.errors import DataError
from evaluators.models.image_text_model import FloatArray, ImageTextModel
from prompt_search.data import read_images
from prompt_search.data.encoding.encode import encode, image_store
from prompt_search.data.encoding.file_index import FileIndex
from prompt_search.data.encoding.fingerprints import fingerprint
from prompt_search.data.layouts.image_source import ImageFile, ImageSource
from tests.fakes.pixel_model import PixelModel
from tests.prompt_search.data.pictures_on_disk import png, write, write_classes


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path: Path) -> ImageSource:
    return read_images(write_classes(tmp_path / "data", {"cat": 3, "dog": 4}))


def known(source: ImageSource, cache: Path) -> tuple[ImageFile, ...]:
    return fingerprint(source, FileIndex(cache / "index"))[0]


def test_features_are_those_of_the_model(source: ImageSource, cache: Path) -> None:
    images, model = known(source, cache), PixelModel()
    encode(source, images, model, image_store(model, cache))
    pictures = [Image.open(image.path) for image in images]
    found = image_store(model, cache).get([image.content for image in images])
    np.testing.assert_array_equal(found, PixelModel().encode_images(pictures))


def test_only_missing_images_are_encoded(source: ImageSource, cache: Path) -> None:
    images, model = known(source, cache), PixelModel()
    encode(source, images[:3], model, image_store(model, cache))
    encode(source, images, model, image_store(model, cache))
    assert len(model.pictures) == 7


def test_progress_counts_to_the_total_batch_by_batch(source: ImageSource, cache: Path) -> None:
    images, model = known(source, cache), PixelModel()
    seen: list[tuple[int, int]] = []
    encode(source, images, model, image_store(model, cache), lambda *at: seen.append(at), batch_size=3)
    encode(source, images, model, image_store(model, cache), lambda *at: seen.append(at), batch_size=3)
    assert seen == [(0, 7), (3, 7), (6, 7), (7, 7)]


@dataclass
class DyingModel(PixelModel):
    """Loses its power supply after two batches."""

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        if len(self.pictures) >= 4:
            raise KeyboardInterrupt
        return super().encode_images(images)


def test_a_kill_loses_at_most_one_batch(source: ImageSource, cache: Path) -> None:
    images, model = known(source, cache), PixelModel()
    with pytest.raises(KeyboardInterrupt):
        encode(source, images, DyingModel(), image_store(model, cache), batch_size=2)
    encode(source, images, model, image_store(model, cache))
    assert len(model.pictures) == 3


@pytest.mark.parametrize("other", [PixelModel(fingerprint="fp16"), PixelModel(preprocessing="crop")])
def test_another_model_precision_or_preprocessing_has_its_own_features(
    source: ImageSource, cache: Path, other: PixelModel
) -> None:
    images, model = known(source, cache), PixelModel()
    encode(source, images, model, image_store(model, cache))
    encode(source, images, other, image_store(other, cache))
    assert len(other.pictures) == 7


@dataclass
class OverflowingModel(PixelModel):
    """Overflows at the second picture."""

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        features = super().encode_images(images)
        features[1] = np.nan
        return features


def test_features_that_are_not_finite_name_the_image_and_are_not_stored(source: ImageSource, cache: Path) -> None:
    images, model = known(source, cache), OverflowingModel()
    store = image_store(model, cache)
    with pytest.raises(DataError, match=r"image 'cat/001.png' that are not finite"):
        encode(source, images, model, store)
    assert len(store.missing([image.content for image in images])) == 7


def test_a_file_that_changes_under_way_is_named(source: ImageSource, cache: Path) -> None:
    images, model = known(source, cache), PixelModel()
    write(Path(images[0].path), png(99))
    with pytest.raises(DataError, match=r"'cat/000.png' is not what it was"):
        encode(source, images, model, image_store(model, cache))


def test_a_file_that_vanishes_under_way_is_named(source: ImageSource, cache: Path) -> None:
    images, model = known(source, cache), PixelModel()
    Path(images[0].path).unlink()
    with pytest.raises(DataError, match=r"'cat/000.png' can't be read any more"):
        encode(source, images, model, image_store(model, cache))


def test_the_fake_model_is_an_image_text_model() -> None:
    model: ImageTextModel = PixelModel()
    features = model.encode_texts(["a cat", "a dog", "a cat"])
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-6)
    assert (features[0] == features[2]).all()
    assert (features[0] != features[1]).any()
    assert len(set(model.token_keys(["A cat", "a  cat", "dog"]))) == 2
    assert model.token_counts(["a cat"]) == [4]
