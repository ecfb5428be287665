"""Data sets that are Python objects."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from PIL import Image

from evaluators.errors import DataError
from prompt_search.data import Reading
from prompt_search.data.layouts.image_source import Listing
from prompt_search.data.sources.objects import OwnData
from tests.fakes.pixel_model import PixelModel
from tests.prompt_search.data.pictures_on_disk import load, png


def pixels(number: int, *shape: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(number).integers(0, 256, size=shape or (4, 4, 3), dtype=np.uint8)


class Torch(torch.utils.data.Dataset[Any]):
    """As those of torchvision are."""

    classes = ("cat", "dog")

    def __init__(self, count: int = 12) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: int) -> tuple[Image.Image, int]:
        return Image.fromarray(pixels(i)), i % 2


def listed(data: object, **reading: Any) -> Listing:
    return OwnData(data).list(Reading(**reading))


def test_a_torch_data_set_goes_the_whole_way(tmp_path: Path) -> None:
    model = PixelModel()
    splits = load(OwnData(Torch()), tmp_path, model)
    assert [label.id for label in splits.classes] == ["cat", "dog"]
    assert [len(s) for s in (splits.search, splits.select, splits.test)] == [4, 4, 4]
    assert len(model.pictures) == 12
    load(OwnData(Torch()), tmp_path, model)
    assert len(model.pictures) == 12
    subset: Any = torch.utils.data.Subset(Torch(), range(6))
    assert len(listed(subset).images) == 6


def test_any_sequence_of_pictures_or_arrays_is_read(tmp_path: Path) -> None:
    given = [(pixels(i), "cat" if i % 2 else "dog") for i in range(6)]
    same = [(Image.fromarray(p), label) for p, label in given]
    assert [i.content for i in listed(given).images] == [i.content for i in listed(same).images]
    kinds: list[Any] = [pixels(0, 4, 4), pixels(1, 4, 4, 1), pixels(2, 4, 4, 4), pixels(3, 4, 4) > 9]
    kinds += [Image.fromarray(pixels(4)).convert(mode) for mode in ("P", "CMYK", "LA", "1", "F", "I;16", "YCbCr")]
    source = listed([(picture, i % 2) for i, picture in enumerate(kinds)])
    assert source.unlabelled == ()
    assert len(source.images) == len(kinds)
    assert len(load(OwnData([*given, *same[:1]]), tmp_path).report.duplicates) == 1


def test_splits_are_given_by_name() -> None:
    source = listed({"train": Torch(8), "test": Torch(4)})
    assert source.given == {"search", "test"}
    assert source.images[0].id == "test/row 0"


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (("x", 0), "its picture can't be used: it is no picture"),
        ((torch.zeros(3, 4, 4), 0), "it is a tensor, made for a model"),
        ((np.zeros((4, 4, 3), dtype=np.float32), 0), "must be uint8 (0 to 255), got float32"),
        ((np.zeros((3, 5, 5), dtype=np.uint8), 0), "must be [H, W] or [H, W, 1, 3 or 4]"),
        ((pixels(9), -1), "its label is -1, which is no class"),
        ((pixels(9), None), "its label is None, which is no class"),
        ((pixels(9), [0, 1]), "its label is [0, 1], which is no class"),
        ((pixels(9), torch.tensor([0, 1])), "which is no class"),
        (pixels(9), "it is no pair (picture, label), but a ndarray"),
        ((np.zeros((0, 4, 3), dtype=np.uint8), 0), "its picture can't be used"),
    ],
)
def test_an_item_of_no_use_is_named_and_left_out(item: Any, why: str) -> None:
    source = listed([*((pixels(i), i % 2) for i in range(4)), item])
    assert len(source.images) == 4
    ((row, reason),) = source.unlabelled
    assert row == "row 4"
    assert why in reason


def test_an_item_that_raises_is_left_out() -> None:
    class Broken(Torch):
        def __getitem__(self, i: int) -> tuple[Image.Image, int]:
            if i == 3:
                raise RuntimeError("disk on fire")
            return super().__getitem__(i)

    assert listed(Broken()).unlabelled == (("row 3", "taking it failed: RuntimeError: disk on fire"),)


def test_numbers_of_any_kind_are_labels() -> None:
    values = [0, np.int64(1), torch.tensor(0), 1.0, np.array(0), "1"]
    assert [i.class_id for i in listed([(pixels(i), v) for i, v in enumerate(values)]).images] == ["0", "1"] * 3


def test_random_transforms_are_noticed(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)

    class Random(Torch):
        def __getitem__(self, i: int) -> tuple[Image.Image, int]:
            return Image.fromarray(noise.integers(0, 256, size=(4, 4, 3), dtype=np.uint8)), i % 2

    with pytest.raises(DataError, match="is another one each time it is taken: leave random transforms out"):
        load(OwnData(Random()), tmp_path)


def test_a_table_in_memory_is_read_rearranged_or_not(tmp_path: Path) -> None:
    table: Any = datasets.Dataset.from_dict(
        {"image": [{"bytes": png(i), "path": f"{i}.png"} for i in range(12)], "label": [*"ab"] * 6}
    ).cast_column("image", datasets.Image())
    first = load(OwnData(table), tmp_path)
    assert first.fingerprint == load(OwnData(table.shuffle(seed=1)), tmp_path).fingerprint
    assert load(OwnData(table.select(range(9))), tmp_path).fingerprint != first.fingerprint
    parts = datasets.DatasetDict({"train": table.select(range(8)), "test": table.select(range(8, 12))})
    assert listed(parts).given == {"search", "test"}


def iterator() -> Iterator[Any]:
    yield pixels(0), 0


@pytest.mark.parametrize("given", [7, "text", iterator(), {}, None, {"train": 3}])
def test_what_is_no_data_set_is_refused(given: object) -> None:
    with pytest.raises(DataError, match="data can't be a"):
        OwnData(given)


@pytest.mark.parametrize("given", [[], [(pixels(0), 0)], [1, 2]])
def test_too_few_classes_are_refused(given: object) -> None:
    with pytest.raises(DataError, match="two are needed"):
        listed(given)
