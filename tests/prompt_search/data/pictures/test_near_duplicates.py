"""Images that are nearly the same do not stand in different splits."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluators import LabeledImages
from evaluators.models.image_text_model import FloatArray
from prompt_search.data import DataSplits, load_splits
from prompt_search.data.pictures.near_duplicates import near_duplicates
from prompt_search.errors import DataError

NAMES = ("cat", "dog")


class PatternModel:
    """Features that are the pixels of a small picture, so that pictures are as alike as they look."""

    name, fingerprint, preprocessing = "pattern", "9a77e4", "pixels"
    width, context_length, logit_scale = 48, 77, 10.0

    def token_keys(self, texts: list[str]) -> list[bytes]:
        return [text.encode() for text in texts]

    def token_counts(self, texts: list[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode_texts(self, texts: list[str]) -> FloatArray:
        raise NotImplementedError

    def encode_images(self, images: list[Image.Image]) -> FloatArray:
        rows = np.array([np.asarray(image.convert("RGB").resize((4, 4)), dtype=np.float32).ravel() for image in images])
        rows -= 128
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def picture(seed: int, change: int = 0) -> Image.Image:
    """Random colours; a change of a few levels keeps the picture and changes its bytes."""
    pixels = np.random.default_rng(seed).integers(10, 245, (4, 4, 3))
    pixels[0, 0, 0] += change
    return Image.fromarray(pixels.astype(np.uint8))


def folder(tmp_path: Path, copies: int = 0, count: int = 12) -> Path:
    """A data set with given splits, `copies` of whose train images are nearly test images."""
    for c, name in enumerate(NAMES):
        for split, first in (("train", 0), ("test", 1000)):
            for i in range(count):
                path = tmp_path / "data" / split / name / f"{i:02}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                copied = split == "train" and c == 0 and i < copies
                shown = picture(1000 + i, change=3) if copied else picture(first + 100 * c + i)
                shown.save(path)
    return tmp_path / "data"


def loaded(data: Path, tmp_path: Path, alike: float = 0.97) -> DataSplits:
    return load_splits(data, PatternModel(), cache_dir=tmp_path / "cache", alike=alike)  # type: ignore[arg-type]


def test_an_image_that_is_nearly_a_test_image_is_neither_searched_nor_chosen_with(tmp_path: Path) -> None:
    splits = loaded(folder(tmp_path, copies=2), tmp_path)
    left_out = {image for image, _, _ in splits.report.near_duplicates}
    assert left_out == {"train/cat/00.png", "train/cat/01.png"}
    assert not left_out & {*splits.search.image_ids, *splits.select.image_ids}
    assert len(splits.test) == 24
    assert any("train/cat/00.png: like test/cat/00.png, cosine 1.000" in line for line in splits.report.lines())


def test_without_the_option_only_equal_bytes_count(tmp_path: Path) -> None:
    splits = loaded(folder(tmp_path, copies=2), tmp_path, alike=1.0)
    assert splits.report.near_duplicates == ()
    assert len(splits.search) + len(splits.select) == 24


def test_no_two_images_of_the_splits_are_more_alike_than_the_threshold(tmp_path: Path) -> None:
    splits = loaded(folder(tmp_path, copies=2), tmp_path, alike=0.9)
    for mine, others in ((splits.search, [splits.select, splits.test]), (splits.select, [splits.test])):
        assert near_duplicates(mine, others, 0.9) == []


@pytest.mark.parametrize("copies", [2, 12])
def test_a_second_start_does_not_look_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copies: int) -> None:
    data = folder(tmp_path, copies)
    first = loaded(data, tmp_path)
    for name in ("leaked_images", "odd_pictures"):
        monkeypatch.setattr(f"prompt_search.data.load.{name}", None)
    second = loaded(data, tmp_path)
    assert second.report == first.report
    assert second.search.image_ids == first.search.image_ids


def test_another_threshold_or_another_image_is_another_look(tmp_path: Path) -> None:
    data = folder(tmp_path)
    assert loaded(data, tmp_path).report.near_duplicates == ()
    assert loaded(data, tmp_path, alike=0.2).report.warnings != ()
    assert loaded(data, tmp_path).report.warnings == ()
    picture(1000, change=3).save(data / "train" / "cat" / "00.png")
    changed = loaded(data, tmp_path)
    assert [image for image, _, _ in changed.report.near_duplicates] == ["train/cat/00.png"]


def test_films_are_said_and_not_thinned_out(tmp_path: Path) -> None:
    splits = loaded(folder(tmp_path, copies=12), tmp_path)
    assert splits.report.near_duplicates == ()
    assert any("12 of 24 images to search and select with are nearly the same" in w for w in splits.report.warnings)


def test_a_class_that_loses_too_many_is_told_why(tmp_path: Path) -> None:
    data = folder(tmp_path, copies=2, count=12)
    for i in range(3, 12):
        (data / "train" / "cat" / f"{i:02}.png").unlink()
    with pytest.raises(DataError, match=r"left out were 2 nearly the same as another: .*train/cat/00\.png"):
        loaded(data, tmp_path)


def test_parts_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    labels = np.zeros(20, dtype=np.int64)
    mine, other = (
        LabeledImages(part, labels, ("cat",), tuple(f"{name}{i}" for i in range(20)))
        for name, part in (("a", rows[:20]), ("b", rows[20:]))
    )
    whole = near_duplicates(mine, [other], 0.6)
    monkeypatch.setattr("prompt_search.data.pictures.near_duplicates.ROWS_AT_ONCE", 7)
    assert near_duplicates(mine, [other], 0.6) == whole != []
