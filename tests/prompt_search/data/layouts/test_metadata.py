"""Labels from `metadata.csv` and `metadata.jsonl` beside the pictures."""

from pathlib import Path

import pytest

from evaluators.errors import DataError
from prompt_search.data import read_images
from prompt_search.data.layouts.image_source import ImageSource
from prompt_search.data.names.printable import printable
from tests.prompt_search.data.pictures_on_disk import load, png, write, write_classes


def flat(root: Path, table: str, name: str = "metadata.csv", pictures: int = 4) -> Path:
    """Pictures `0.png`, ... in one folder with a table of labels."""
    for i in range(pictures):
        write(root / f"{i}.png", png(len(root.name) * 100 + i))
    write(root / name, table.encode())
    return root


def labels(root: Path) -> dict[str, str]:
    return {image.id: image.class_id for image in read_images(root).images}


CSV = "file_name,label\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,dog\n"
RIGHT = {"0.png": "cat", "1.png": "dog", "2.png": "cat", "3.png": "dog"}


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (CSV, "metadata.csv"),
        (CSV, "Metadata.CSV"),
        ("\ufeff" + CSV.replace(",", ";"), "metadata.csv"),
        (CSV.replace("label", "Category").replace("file_name", "Image Path"), "metadata.csv"),
        (CSV.replace("label", "target").replace("file_name", "filename"), "metadata.csv"),
        ("".join(f'{{"file_name": "{f}", "class": "{c}", "n": [1]}}\n' for f, c in RIGHT.items()), "metadata.jsonl"),
    ],
)
def test_labels_of_a_flat_folder_are_read(tmp_path: Path, table: str, name: str) -> None:
    flat(tmp_path, table, name)
    assert labels(tmp_path) == RIGHT
    source = read_images(tmp_path)
    assert source.notes == (f"pictures and labels are read from '{name}'",)
    assert source.ignored == ()


def test_a_table_in_every_split_gives_labels_and_roles(tmp_path: Path) -> None:
    for split in ("train", "test"):
        flat(tmp_path / split, CSV)
    source = read_images(tmp_path)
    assert source.given == {"search", "test"}
    assert {(i.id, i.class_id, i.given) for i in source.images if i.id.endswith("0.png")} == {
        ("train/0.png", "cat", "search"),
        ("test/0.png", "cat", "test"),
    }


def test_a_column_of_splits_gives_the_roles(tmp_path: Path) -> None:
    flat(tmp_path, "file_name,label,split\n0.png,cat,Training\n1.png,dog,Training\n2.png,cat,val\n3.png,dog,val\n")
    source = read_images(tmp_path)
    assert [image.given for image in source.images] == ["search", "search", "test", "test"]
    assert source.given == {"search", "test"}
    flat(tmp_path, "file_name,label,split\n0.png,cat,fold1\n1.png,dog,fold2\n")
    with pytest.raises(
        DataError, match=r"'fold1', 'fold2' are not the names of splits.*--split-map fold1=search,fold2=test"
    ):
        read_images(tmp_path)


def test_names_of_numbered_classes_are_taken_from_the_table(tmp_path: Path) -> None:
    flat(tmp_path, "file_name,label,class_name\n0.png,0,cat\n1.png,1,dog\n")
    assert [(c.id, c.name) for c in read_images(tmp_path).classes] == [("0", "cat"), ("1", "dog")]


def test_pictures_in_folders_beside_the_table_are_found(tmp_path: Path) -> None:
    for i, name in enumerate(("a", "b")):
        write(tmp_path / "images" / f"{name}.png", png(i))
    write(tmp_path / "metadata.csv", b"file_name,label\nimages/a.png,cat\nimages/b.png,dog\n")
    assert labels(tmp_path) == {"images/a.png": "cat", "images/b.png": "dog"}


def test_what_is_amiss_in_a_table_is_told(tmp_path: Path) -> None:
    table = "file_name,label\n0.png,cat\n0.png,cat\n1.png,dog\n2.png,\ngone.png,dog\n../out.png,cat\n"
    source = read_images(flat(tmp_path / "data", table))
    assert [image.id for image in source.images] == ["0.png", "1.png"]
    assert source.unreadable == (
        ("../out.png", "its path leads out of the folder"),
        ("gone.png", "named in the metadata and not there"),
    )
    assert source.warnings == (
        "1 row of metadata.csv has no label and is left out: '2.png'",
        "1 picture is more than once in metadata.csv: '0.png'",
        "1 picture is not in metadata.csv and left out: '3.png'",
    )


@pytest.mark.parametrize(
    ("table", "name", "message"),
    [
        ("file_name,text\n0.png,a cat\n", "metadata.csv", r"no columns of file names and labels.*'file_name', 'text'"),
        ("", "metadata.csv", "no columns of file names and labels"),
        ('{"file_name": "0.png"\n', "metadata.jsonl", "line 1: it is not valid JSON"),
        ("[]\n", "metadata.jsonl", "line 1: it must be one JSON object"),
        ("file_name,label\n0.png,cat\n", "metadata.csv", "only one class, 'cat'"),
    ],
)
def test_a_table_that_can_not_be_used_is_refused(tmp_path: Path, table: str, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_images(flat(tmp_path, table, name))


def test_a_table_without_labels_beside_class_folders_is_not_used_and_told(tmp_path: Path) -> None:
    write(tmp_path / "cat" / "a.png", png(1))
    write(tmp_path / "dog" / "b.png", png(2))
    write(tmp_path / "metadata.csv", b"file_name,licence\ncat/a.png,CC0\n")
    source = read_images(tmp_path)
    assert [label.id for label in source.classes] == ["cat", "dog"]
    assert "metadata.csv has no columns of file names and labels" in source.warnings[0]


def test_a_flat_folder_with_another_table_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"its 4 pictures in a metadata\.csv.*there is 'labels\.csv'"):
        read_images(flat(tmp_path, CSV, "labels.csv"))


def test_a_labelled_flat_folder_goes_the_whole_way(tmp_path: Path) -> None:
    rows = "".join(f"{i}.png,{'cat' if i % 2 else 'dog'}\n" for i in range(8))
    splits = load(flat(tmp_path / "data", "file_name,label\n" + rows, pictures=8), tmp_path / "cache")
    assert [len(s) for s in (splits.search, splits.select, splits.test)] == [2, 2, 4]


@pytest.mark.parametrize(
    ("written", "file"),
    [
        (".\\0.png", "0.png"),
        ("0", "0.png"),
        ("0.PNG", "0.png"),
        ("0.png", "images/0.png"),
        ("images\\0.png", "Images/0.png"),
        ("x/0.png", "train/x/0.PNG"),
    ],
)
def test_a_name_that_can_mean_only_one_picture_means_it_and_that_is_told(
    tmp_path: Path, written: str, file: str
) -> None:
    write(tmp_path / file, png(1))
    write(tmp_path / "1.png", png(2))
    write(tmp_path / "metadata.csv", f"file_name,label\n{written},cat\n1.png,dog\n".encode())
    source = read_images(tmp_path)
    assert {image.id: image.class_id for image in source.images} == {file: "cat", "1.png": "dog"}
    assert f"can stand for: '{printable(written)}' -> '{file}'" in source.notes[1]


@pytest.mark.parametrize("written", ["0", "0.PNG", "x/0.png", "https://example.org/1.png", "../0.png", "/0.png"])
def test_a_name_that_can_mean_two_pictures_or_none_is_missing(tmp_path: Path, written: str) -> None:
    for i, file in enumerate(["a/0.png", "b/0.png", "c.png", "d.png"]):
        write(tmp_path / file, png(i))
    write(tmp_path / "metadata.csv", f"file_name,label\n{written},cat\nc.png,cat\nd.png,dog\n".encode())
    source = read_images(tmp_path)
    assert [image.id for image in source.images] == ["c.png", "d.png"]
    assert [file for file, _ in source.unreadable] == [written]


def test_a_name_does_not_mean_a_picture_that_another_row_names(tmp_path: Path) -> None:
    flat(tmp_path, CSV + "0,dog\n")
    assert read_images(tmp_path).unreadable == (("0", "named in the metadata and not there"),)


@pytest.mark.parametrize(
    ("where", "told"), [("other/", "'other/0.png', 'other/1.png'"), ("http://x/", "web addresses: download")]
)
def test_a_table_whose_files_are_all_missing_is_refused_by_their_names(tmp_path: Path, where: str, told: str) -> None:
    flat(tmp_path, "".join(["file_name,label\n", *(f"{where}{f},{c}\n" for f, c in RIGHT.items())]))
    with pytest.raises(DataError, match="the files of all 4 rows with a label are missing") as caught:
        read_images(tmp_path)
    assert told in str(caught.value)


def test_a_class_whose_files_are_all_missing_is_told_by_name(tmp_path: Path) -> None:
    source = read_images(flat(tmp_path, CSV + "a.png,owl\nb.png,owl\n"))
    assert class_ids_of(source) == ["cat", "dog"]
    assert source.warnings[0] == (
        "the class 'owl' is left out: the files of all its 2 rows of metadata.csv are missing: 'a.png', 'b.png'"
    )
    with pytest.raises(DataError, match=r"only one class, 'cat'.*class 'dog' is left out.*'y\.png'"):
        read_images(flat(tmp_path / "one", "file_name,label\n0.png,cat\ny.png,dog\n"))


def class_ids_of(source: ImageSource) -> list[str]:
    return [label.id for label in source.classes]


@pytest.mark.parametrize("nothing", ["nan", "NaN", "NULL", "<NA>"])
def test_what_tables_write_for_nothing_is_no_class_and_that_is_told(tmp_path: Path, nothing: str) -> None:
    source = read_images(flat(tmp_path, CSV + f"4.png,{nothing}\n5.png,{nothing}\n", pictures=6))
    assert class_ids_of(source) == ["cat", "dog"]
    told = f"2 rows of metadata.csv have no label ('{nothing}' is read as none) and are left out: '4.png', '5.png'"
    assert source.warnings[0] == told


def test_a_class_none_is_a_class(tmp_path: Path) -> None:
    assert class_ids_of(read_images(flat(tmp_path, CSV.replace("dog", "none")))) == ["cat", "none"]


@pytest.mark.parametrize("joined", ['"cat,dog"', "cat|dog", "cat; owl", '"[""cat""]"'])
def test_labels_that_look_like_several_are_told(tmp_path: Path, joined: str) -> None:
    source = read_images(flat(tmp_path, CSV + f"4.png,{joined}\n", pictures=5))
    assert "1 label of metadata.csv looks like several in one" in source.warnings[0]


def test_names_with_commas_are_no_labels_joined(tmp_path: Path) -> None:
    table = 'file_name,label\n0.png,"tench, Tinca tinca"\n1.png,"goldfish, Carassius auratus"\n'
    assert read_images(flat(tmp_path, table, pictures=2)).warnings == ()


@pytest.mark.parametrize(
    ("row", "name", "left_out", "why"),
    [
        ("4.png,cat,black\n", "metadata.csv", "metadata.csv, line 6", "more cells than there are columns"),
        (",cat\n", "metadata.csv", "metadata.csv, line 6", "no file name"),
        ("4.png,cat\n4.png,dog\n", "metadata.csv", "4.png", "several labels: 'cat', 'dog'"),
        (
            '{"file_name": "4.png", "label": ["cat"]}\n',
            "metadata.jsonl",
            "metadata.jsonl, line 5",
            "text or number, got list",
        ),
        ('{"file_name": "4.png"\n', "metadata.jsonl", "metadata.jsonl, line 5", "not valid JSON"),
        ("[]\n", "metadata.jsonl", "metadata.jsonl, line 5", "must be one JSON object"),
    ],
)
def test_a_row_that_can_not_be_used_is_named_and_left_out(
    tmp_path: Path, row: str, name: str, left_out: str, why: str
) -> None:
    lines = "".join(f'{{"file_name": "{f}", "label": "{c}"}}\n' for f, c in RIGHT.items())
    source = read_images(flat(tmp_path, (CSV if name.endswith("csv") else lines) + row, name, pictures=5))
    assert {image.id: image.class_id for image in source.images} == RIGHT
    ((row_id, reason),) = source.unlabelled
    assert row_id == left_out
    assert why in reason


def test_a_row_that_calls_a_class_otherwise_is_left_out(tmp_path: Path) -> None:
    table = "file_name,label,name\n0.png,1,cat\n1.png,1,dog\n2.png,2,owl\n"
    source = read_images(flat(tmp_path, table))
    assert [(image.id, image.class_id) for image in source.images] == [("0.png", "1"), ("2.png", "2")]
    assert source.unlabelled == (("1.png", "it calls class '1' 'dog', others call it 'cat'"),)


def test_labels_that_differ_in_the_form_of_their_number_are_told(tmp_path: Path) -> None:
    source = read_images(flat(tmp_path, "file_name,label\n0.png,1\n1.png,1.0\n2.png,2\n", pictures=3))
    assert any("'1', '1.0' differ only in spelling" in warning for warning in source.warnings)


def test_a_column_that_the_first_line_lacks_is_found(tmp_path: Path) -> None:
    lines = ['{"file_name": "0.png"}', '{"file_name": "1.png", "label": "cat"}', '{"file_name": "2.png", "label": "a"}']
    source = read_images(flat(tmp_path, "\n".join(lines), "metadata.jsonl", pictures=3))
    assert {image.id: image.class_id for image in source.images} == {"1.png": "cat", "2.png": "a"}
    assert source.warnings[0] == "1 row of metadata.jsonl has no label and is left out: '0.png'"


@pytest.mark.parametrize(
    ("folders", "table", "way"),
    [
        (["images"], "labels.csv", "rename it to metadata.csv"),
        (["train"], "train.csv", "move it to train/metadata.csv"),
        (["train", "test"], "train.csv", "move it to train/metadata.csv"),
        (["train", "test"], "train/labels.csv", "rename it to train/metadata.csv"),
        (["images"], "labels.jsonl", "rename it to metadata.jsonl"),
        (["images"], "labels.tsv", "rename it to metadata.csv"),
        (["train"], "train.TSV", "move it to train/metadata.csv"),
    ],
)
def test_a_table_of_another_name_beside_folders_is_told_what_to_do(
    tmp_path: Path, folders: list[str], table: str, way: str
) -> None:
    write_classes(tmp_path, dict.fromkeys(folders, 2))
    rows = {"000.png": "cat", "001.png": "dog"}
    as_csv = "".join(["file_name,label\n", *(f"{file},{label}\n" for file, label in rows.items())])
    as_json = "".join(f'{{"file_name": "{file}", "label": "{label}"}}\n' for file, label in rows.items())
    written = {".jsonl": as_json, ".tsv": as_csv.replace(",", "\t")}.get(Path(table).suffix.lower(), as_csv)
    write(tmp_path / table, written.encode())
    with pytest.raises(DataError) as caught:
        read_images(tmp_path)
    assert f"there is '{table}' with files and labels, which is not read: if it is to, {way}" in str(caught.value)
    (tmp_path / table).rename(tmp_path / way.split(" to ")[1])
    for split in folders[1:]:
        write(tmp_path / split / "metadata.csv", as_csv.encode())
    assert {image.class_id for image in read_images(tmp_path).images} == {"cat", "dog"}


def test_a_table_of_other_things_beside_folders_is_not_told(tmp_path: Path) -> None:
    write(write_classes(tmp_path, {"cat": 2, "dog": 2}) / "licences.csv", b"file_name,licence\n000.png,CC0\n")
    assert read_images(tmp_path).notes == ()
