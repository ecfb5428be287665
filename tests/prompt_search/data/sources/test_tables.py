"""Reading a Parquet file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import pytest

from evaluators.errors import DataError
from prompt_search.data import read_images
from tests.fakes.pixel_model import PixelModel
from tests.prompt_search.data.pictures_on_disk import load, png, write, write_classes


def write_parquet(path: Path, labels: Sequence[object], **columns: Any) -> Path:
    rows = {
        "image": [{"bytes": png(i), "path": f"{label}/{i:03}.png"} for i, label in enumerate(labels)],
        "label": list(labels),
        **columns,
    }
    features = {"label": columns.pop("label_feature")} if "label_feature" in columns else {}
    rows.pop("label_feature", None)
    table = datasets.Dataset.from_dict(rows).cast_column("image", datasets.Image())
    for name, feature in features.items():
        table = table.cast_column(name, feature)
    datasets.disable_progress_bars()
    table.to_parquet(path)
    datasets.enable_progress_bars()
    return path


def test_a_parquet_file_gives_classes_images_and_names(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_parquet(tmp_path / "a.parquet", ["n1", "n2", "n1"], name=["cat", "dog", "cat"])
    capfd.readouterr()
    source = read_images(path, cache_dir=tmp_path / "cache")
    assert [(label.id, label.name) for label in source.classes] == [("n1", "cat"), ("n2", "dog")]
    assert [(i.id, i.class_id, i.given) for i in source.images] == [
        ("n1/000.png", "n1", None),
        ("n1/002.png", "n1", None),
        ("n2/001.png", "n2", None),
    ]
    assert capfd.readouterr() == ("", "")


def test_without_a_cache_nothing_stays_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    source = read_images(write_parquet(tmp_path / "a.parquet", ["cat", "dog"]))
    assert [picture and picture["bytes"] for picture in source.pictures(source.images)] == [png(0), png(1)]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_same_pictures_split_the_same_as_a_folder_and_as_a_parquet_file(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "data", {"cat": 9, "dog": 9})
    file = write_parquet(tmp_path / "a.parquet", ["cat"] * 9 + ["dog"] * 9)
    model = PixelModel()
    first, second = load(folder, tmp_path / "cache", model), load(file, tmp_path / "cache", model)
    assert first.fingerprint == second.fingerprint
    assert len(model.pictures) == 18


def test_a_split_column_gives_the_roles(tmp_path: Path) -> None:
    labels = ["cat", "dog"] * 6
    path = write_parquet(tmp_path / "a.parquet", labels, split=["train"] * 8 + ["test"] * 4)
    splits = load(path, tmp_path / "cache")
    assert (len(splits.search), len(splits.select), len(splits.test)) == (4, 4, 4)
    assert splits.test.image_ids == ("cat/008.png", "cat/010.png", "dog/009.png", "dog/011.png")


def test_a_class_label_column_is_read_by_its_names(tmp_path: Path) -> None:
    feature = datasets.ClassLabel(names=["cat", "dog"])
    path = write_parquet(tmp_path / "a.parquet", [0, 1], label_feature=feature)
    assert [label.id for label in read_images(path).classes] == ["cat", "dog"]


def test_a_second_start_reads_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "a.parquet", ["cat", "dog"] * 4)
    first = load(path, tmp_path / "cache")
    monkeypatch.setattr("prompt_search.data.encoding.fingerprints.read_bytes", None)
    monkeypatch.setattr("prompt_search.data.encoding.prepare.read_bytes", None)
    assert load(path, tmp_path / "cache").fingerprint == first.fingerprint


def test_a_rewritten_file_is_noticed(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", ["cat", "dog"] * 3)
    first = load(path, tmp_path / "cache")
    write_parquet(path, ["cat", "dog"] * 4)
    second = load(path, tmp_path / "cache")
    assert len(second.test) == len(first.test) + 2


@pytest.mark.parametrize(
    ("labels", "columns", "message"),
    [
        (["cat", "cat"], {}, "only one class, 'cat'"),
        (["cat", None], {}, "only one class, 'cat'.*1 row is left out: its label is missing"),
        (["cat", "dog"], {"split": ["fold1", "fold2"]}, "'fold1', 'fold2' are not the names of splits"),
        (["cat", "dog"], {"split": ["val", "test"]}, "none to search with; --split-map test=search"),
    ],
)
def test_columns_that_make_no_sense_are_refused(
    tmp_path: Path, labels: list[object], columns: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_images(write_parquet(tmp_path / "a.parquet", labels, **columns))


def test_numbers_are_class_ids_and_what_is_none_is_left_out_by_name(tmp_path: Path) -> None:
    source = read_images(write_parquet(tmp_path / "a.parquet", [3, 4, None, -1]))
    assert [label.id for label in source.classes] == ["3", "4"]
    assert source.unlabelled == (
        ("None/002.png", "its label is missing"),
        ("-1/003.png", "its label is -1, which is no class"),
    )


def test_a_name_that_is_blank_or_contradicts_others_leaves_out_its_row(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", ["a", "b", "a", "b"], name=["cat", "dog", "cow", " "])
    source = read_images(path)
    assert [(label.id, label.name) for label in source.classes] == [("a", "cat"), ("b", "dog")]
    assert [why for _, why in source.unlabelled] == [
        "it calls class 'a' 'cow', others call it 'cat'",
        "the name of its class 'b' is blank",
    ]


def test_a_split_that_is_no_split_is_left_out_and_a_single_one_divided(tmp_path: Path) -> None:
    labels = ["cat", "dog"] * 3
    splits = ["train"] * 2 + ["test"] * 2 + ["extra"] * 2
    source = read_images(write_parquet(tmp_path / "a.parquet", labels, split=splits))
    assert len(source.images) == 4
    assert source.warnings == ("'extra' is left out: not the name of a split; --split-map extra=search would use it",)
    source = read_images(write_parquet(tmp_path / "b.parquet", labels, split=["test"] * 6))
    assert {image.given for image in source.images} == {None}
    assert source.notes == ("labelled pictures are in 'test' only: the three splits are drawn from them",)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    datasets.Dataset.from_dict({"label": ["cat"]}).to_parquet(path)
    with pytest.raises(DataError, match="no column 'image', only 'label'"):
        read_images(path)


def test_a_file_that_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be read as a Parquet file"):
        read_images(write(tmp_path / "a.parquet", b"nonsense"), cache_dir=tmp_path / "cache")


def test_a_row_without_an_image_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    images = [None, *({"bytes": png(i), "path": None} for i in range(1, 8))]
    table = datasets.Dataset.from_dict({"image": images, "label": ["cat", "dog"] * 4})
    table.cast_column("image", datasets.Image()).to_parquet(path)
    assert load(path, tmp_path / "cache").report.corrupt == (("row 0", "the row has no image"),)
