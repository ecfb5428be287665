"""Lists of picture files: CSV, JSON Lines, plain lines, and CoOp's splits."""

import json
from pathlib import Path
from typing import Any

import pytest

from evaluators.errors import DataError
from prompt_search.data import Reading, read_images
from tests.prompt_search.data.pictures_on_disk import load, png, write, write_classes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Pictures in `images/`, whatever their folders are called."""
    return write_classes(tmp_path / "data", {"images/x": 4, "images/y": 4}).absolute()


CELLS = [(f"images/{folder}/{i:03}.png", label) for folder, label in (("x", "cat"), ("y", "dog")) for i in range(4)]
CSV = "path,label\n" + "".join(f"{file},{label}\n" for file, label in CELLS)
JSON = [{"image": file, "category": label} for file, label in CELLS]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", CSV),
        ("bare.csv", CSV.partition("\n")[2]),
        ("list.tsv", CSV.replace(",", "\t")),
        ("list.jsonl", "\n".join(map(json.dumps, JSON))),
        ("list.json", json.dumps(JSON)),
        ("list.txt", CSV.partition("\n")[2].replace(",", " ")),
    ],
)
def test_every_kind_of_list_is_read(root: Path, name: str, text: str) -> None:
    source = read_images(write(root / name, text.encode()))
    assert [(image.id, image.class_id) for image in source.images] == CELLS
    assert source.notes[0] == f"pictures and labels are read from '{name}'"
    assert source.unlabelled == source.unreadable == ()


def test_a_list_elsewhere_names_files_from_the_image_root(root: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "list.csv", CSV.replace("images/", "").encode())
    with pytest.raises(DataError, match=r"files of all 8 rows.*missing.*--image-root"):
        read_images(elsewhere)
    source = read_images(elsewhere, Reading(image_root=str(root / "images")))
    assert source.images[0].id == "x/000.png"
    absolute = CSV.replace("images/", f"{root}/images/")
    source = read_images(write(elsewhere, absolute.encode()), Reading(image_root=str(root)))
    assert len(source.images) == 8
    with pytest.raises(DataError, match="is no folder"):
        read_images(elsewhere, Reading(image_root=str(tmp_path / "none")))


def test_columns_of_other_names_are_stated(root: Path) -> None:
    file = write(root / "list.csv", CSV.replace("path,label", "where,kind").encode())
    with pytest.raises(DataError, match="only 'where', 'kind'; name them with --image-column and --label-column"):
        read_images(file)
    assert len(read_images(file, Reading(image_column="where", label_column="kind")).images) == 8
    with pytest.raises(DataError, match="no column 'knd', only 'where', 'kind'"):
        read_images(file, Reading(image_column="where", label_column="knd"))


def test_splits_of_a_list_and_bad_rows(root: Path) -> None:
    rows = [f"{file},{label},{'train' if i % 4 < 3 else 'test'}" for i, (file, label) in enumerate(CELLS)]
    bad = [
        "images/x/000.png,dog,train",
        "gone.png,cat,train",
        "../../etc/passwd,cat,train",
        ",cat,train",
        "a.png,,test",
    ]
    source = read_images(write(root / "list.csv", "\n".join(["path,label,split", *rows, *bad]).encode()))
    assert [image.given for image in source.images] == ["search"] * 2 + ["test"] + ["search"] * 3 + ["test"]
    assert [row for row, _ in source.unlabelled] == ["list.csv, line 13", "images/x/000.png"]
    assert [file for file, _ in source.unreadable] == ["../../etc/passwd", "gone.png"]
    assert "1 row of list.csv has no label" in source.warnings[0]
    assert {label.id for label in source.classes} == {"cat", "dog"}


def test_a_list_goes_the_whole_way(root: Path, tmp_path: Path) -> None:
    splits = load(write(root / "list.csv", CSV.encode()), tmp_path / "cache")
    assert [len(s) for s in (splits.search, splits.select, splits.test)] == [2, 2, 4]


def coop(root: Path, **other: Any) -> Path:
    """A split file as CoOp has it, for pictures in `images/`."""
    rows = [[file.removeprefix("images/"), ["cat", "dog"].index(label), label] for file, label in CELLS]
    content = {"train": [*rows[0:2], *rows[4:6]], "val": [rows[2], rows[6]], "test": [rows[3], rows[7]], **other}
    return write(root / "split_zhou_Pets.json", json.dumps(content).encode())


def test_splits_of_coop_are_read_from_their_file_or_its_folder(root: Path) -> None:
    file = coop(root)
    for given in (file, root):
        source = read_images(given)
        assert [label.id for label in source.classes] == ["cat", "dog"]
        assert [image.given for image in source.images] == ["search", "search", "select", "test"] * 2
        assert source.images[0].id == "x/000.png"
    assert f"pictures from '{root / 'images'}'" in source.notes[0]
    with pytest.raises(DataError, match=r"pictures that are there are of no class; two are needed.*paths count from"):
        read_images(file, Reading(image_root=str(root)))


def test_two_labels_of_one_name_have_their_numbers_as_ids(root: Path) -> None:
    rows = [["x/000.png", 7, "crane"], ["y/000.png", 8, "crane"], ["y/001.png", 9, "ox"]]
    source = read_images(coop(root, train=rows, val=rows, test=rows))
    assert [(label.id, label.name) for label in source.classes] == [("7", "crane"), ("8", "crane"), ("9", "ox")]


@pytest.mark.parametrize(
    "row", [7, ["x/000.png", 0], ["x/003.png", -1, "cat"], ["x/003.png", True, "cat"], [1, 0, "a"]]
)
def test_a_row_of_coop_that_is_none_is_named_and_left_out(root: Path, row: Any) -> None:
    source = read_images(coop(root, test=[row, ["x/003.png", 0, "cat"], ["y/003.png", 1, "dog"]]))
    ((where, why),) = source.unlabelled
    assert where == "test 0"
    assert "is no [path, label, name]" in why
    assert len(source.classes) == 2


def test_rows_that_contradict_are_left_out(root: Path) -> None:
    extra = [["x/003.png", 0, "cat"], ["y/003.png", 1, "dog"], ["x/000.png", 1, "dog"], ["y/002.png", 1, "cow"]]
    source = read_images(coop(root, test=[*extra, ["../../x.png", 1, "dog"]]))
    assert dict(source.unlabelled) == {
        "y/002.png": "it calls label 1 'cow', others 'dog'",
        "x/000.png": "it has several labels: 'cat', 'dog'",
    }
    assert [file for file, _ in source.unreadable] == ["../../x.png"]
    assert "x/000.png" not in {image.id for image in source.images}


@pytest.mark.parametrize("text", ["[", '{"train": 7}', '{"train": []}', "\xff"])
def test_a_file_of_splits_that_is_none_is_refused(root: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"split_zhou_Pets\.json"):
        read_images(write(root / "split_zhou_Pets.json", text.encode("latin-1")))


def test_pictures_of_one_class_only_are_refused_with_what_is_missing(root: Path) -> None:
    rows = "path,label\nimages/x/000.png,cat\nimages/y/gone.png,dog\n"
    with pytest.raises(DataError, match=r"pictures that are there are of only one class, 'cat'.*images/y/gone\.png"):
        read_images(write(root / "list.csv", rows.encode()))


def test_a_picture_of_a_broken_kind_is_named(root: Path, tmp_path: Path) -> None:
    write(root / "images" / "x" / "000.png", png(1)[:20])
    splits = load(write(root / "list.csv", CSV.encode()), tmp_path / "cache")
    assert [image for image, _ in splits.report.corrupt] in ([], ["images/x/000.png"])
    assert "images/x/000.png" not in splits.search.image_ids + splits.select.image_ids + splits.test.image_ids
