"""Reading a folder: classes, splits, hostile names, links, and what is left alone."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from evaluators.errors import DataError
from prompt_search.data import read_images
from prompt_search.data.layouts.folder_reader import FolderReader
from tests.prompt_search.data.pictures_on_disk import png, write, write_classes


def ids(root: Path) -> list[str]:
    return [label.id for label in read_images(root).classes]


def test_every_folder_is_a_class_named_by_its_folder_with_spaces_for_underscores(tmp_path: Path) -> None:
    write_classes(tmp_path, {"tabby_cat": 2, "dog": 1})
    source = read_images(tmp_path)
    assert [(label.id, label.name) for label in source.classes] == [("dog", "dog"), ("tabby_cat", "tabby cat")]
    assert [(i.id, i.class_id, i.given) for i in source.images] == [
        ("dog/000.png", "dog", None),
        ("tabby_cat/000.png", "tabby_cat", None),
        ("tabby_cat/001.png", "tabby_cat", None),
    ]


@pytest.mark.parametrize("name", ["{0}", "🐈", "[x]", "*", "a b", "?", "a" * 250, "%s", "con", "-rf", "'\"", "test"])
def test_a_class_folder_may_be_called_anything(tmp_path: Path, name: str) -> None:
    write_classes(tmp_path, {name: 1, "dog": 1})
    source = read_images(tmp_path)
    assert sorted([name, "dog"]) == [label.id for label in source.classes]
    assert f"{name}/000.png" in [image.id for image in source.images]


def test_control_characters_in_a_name_do_not_reach_the_terminal(tmp_path: Path) -> None:
    write_classes(tmp_path, {"dog": 1})
    (tmp_path / "cat\x1b[2J\n").mkdir()
    with pytest.raises(DataError, match=r"'cat\\x1b\[2J\\n'") as caught:
        read_images(tmp_path)
    assert "\x1b" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("name", [b"caf\xe9/1.png", b"dog/caf\xe9.png"])
def test_a_name_that_is_not_utf8_is_refused_by_name(tmp_path: Path, name: bytes) -> None:
    write_classes(tmp_path, {"dog": 1, "cat": 1})
    write(tmp_path / os.fsdecode(name), png(9))
    with pytest.raises(DataError, match=r"caf\\udce9.*not valid UTF-8"):
        read_images(tmp_path)


def test_hidden_files_and_folders_do_not_exist(tmp_path: Path) -> None:
    write_classes(tmp_path, {"cat": 1, "dog": 1, ".git": 1, "__MACOSX": 1, "cat/.thumbnails": 1})
    write(tmp_path / ".DS_Store", b"x")
    write(tmp_path / "cat" / "._000.png", b"x")
    source = read_images(tmp_path)
    assert ids(tmp_path) == ["cat", "dog"]
    assert len(source.images) == 2
    assert source.ignored == ()


def test_files_that_are_no_pictures_are_ignored_and_counted(tmp_path: Path) -> None:
    write_classes(tmp_path, {"cat": 1, "dog": 1})
    for name in ["cat/notes.txt", "readme.md", "loose.png", "cat/report.eps"]:
        write(tmp_path / name, b"x")
    assert read_images(tmp_path).ignored == ("cat/notes.txt", "cat/report.eps", "loose.png", "readme.md")


def test_nested_folders_count_to_the_class(tmp_path: Path) -> None:
    write_classes(tmp_path, {"cat/indoors/sofa": 1, "dog": 1})
    first = read_images(tmp_path).images[0]
    assert (first.id, first.class_id) == ("cat/indoors/sofa/000.png", "cat")


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    write_classes(tmp_path / "store", {"a": 2})
    write_classes(tmp_path / "data", {"dog": 1, "cat": 0})
    (tmp_path / "data" / "cat").mkdir()
    (tmp_path / "data" / "cat" / "x.png").symlink_to(tmp_path / "store" / "a" / "000.png")
    (tmp_path / "data" / "owl").symlink_to(tmp_path / "store" / "a")
    found = [image.id for image in read_images(tmp_path / "data").images]
    assert found == ["cat/x.png", "dog/000.png", "owl/000.png", "owl/001.png"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write_classes(tmp_path, {"cat/a": 1, "cat/b": 1, "dog": 1})
    (tmp_path / "cat" / "a" / "b").symlink_to(tmp_path / "cat" / "b")
    (tmp_path / "cat" / "b" / "a").symlink_to(tmp_path / "cat" / "a")
    (tmp_path / "cat" / "up").symlink_to(tmp_path)
    (tmp_path / "cat" / "self.png").symlink_to(tmp_path / "cat" / "self.png")
    source = read_images(tmp_path)
    assert len([image for image in source.images if image.class_id == "cat"]) == 2
    assert [image_id for image_id, _ in source.unreadable] == ["cat/self.png"]


def test_a_broken_link_and_a_pipe_are_unreadable_not_fatal(tmp_path: Path) -> None:
    write_classes(tmp_path, {"cat": 1, "dog": 1})
    (tmp_path / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "cat" / "pipe.png")
    unreadable = dict(read_images(tmp_path).unreadable)
    assert unreadable == {"cat/gone.png": "No such file or directory", "cat/pipe.png": "not a regular file"}


@pytest.mark.parametrize(("first", "second"), [("train", "val"), ("Search", "validation"), ("train", "select")])
def test_folders_named_as_splits_that_hold_class_folders_give_the_roles(
    tmp_path: Path, first: str, second: str
) -> None:
    write_classes(tmp_path, {f"{split}/{c}": 1 for split in (first, second, "test") for c in ("cat", "dog")})
    source = read_images(tmp_path)
    assert [label.id for label in source.classes] == ["cat", "dog"]
    assert {i.id.split("/")[0]: i.given for i in source.images} == {first: "search", second: "select", "test": "test"}
    assert source.given == {"search", "select", "test"}


def test_a_class_called_test_beside_another_is_a_class(tmp_path: Path) -> None:
    write_classes(tmp_path, {"test/a": 1, "test/b": 1, "cat/a": 1})
    source = read_images(tmp_path)
    assert [label.id for label in source.classes] == ["cat", "test"]
    assert source.given == frozenset()


def test_split_names_without_class_folders_are_refused_unless_a_classes_file_names_them(tmp_path: Path) -> None:
    write_classes(tmp_path, {"train": 1, "test": 1})
    with pytest.raises(
        DataError, match="'test', 'train' have the names of splits, and none of them holds class folders"
    ):
        read_images(tmp_path)
    write(tmp_path / "classes.json", b'{"train": "train", "test": "exam"}')
    assert [label.id for label in read_images(tmp_path).classes] == ["test", "train"]


def test_splits_without_a_search_split_are_refused(tmp_path: Path) -> None:
    write_classes(tmp_path, {"test/cat": 1, "test/dog": 1, "val/cat": 1, "val/dog": 1})
    with pytest.raises(DataError, match="without `train` or `search`"):
        read_images(tmp_path)


def test_an_empty_class_is_named(tmp_path: Path) -> None:
    write_classes(tmp_path, {"cat": 2, "dog": 2})
    write(tmp_path / "empty_one" / "notes.txt", b"x")
    told = r"class folder 'empty_one' of .*; add some or remove it \(1 file that is no picture was ignored\)"
    with pytest.raises(DataError, match=told):
        read_images(tmp_path)


def test_several_empty_classes_are_folders(tmp_path: Path) -> None:
    write_classes(tmp_path, {"cat": 2, "dog": 2})
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with pytest.raises(
        DataError, match=r"no pictures in the class folders 'one', 'two' of .*; add some or remove them"
    ):
        read_images(tmp_path)


def test_a_single_class_is_named(tmp_path: Path) -> None:
    write_classes(tmp_path, {"cat": 5})
    with pytest.raises(DataError, match="only one class, 'cat'"):
        read_images(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "has no folders"), ("missing", "does not exist"), ("a.doc", "is none of these; give a folder of images")],
)
def test_a_source_that_is_no_data_set_is_refused(tmp_path: Path, name: str, message: str) -> None:
    write(tmp_path / "a.doc", b"x")
    with pytest.raises(DataError, match=message):
        read_images(tmp_path / name)


def test_the_order_of_the_listing_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_classes(tmp_path, {"cat": 5, "dog": 5})
    forward = read_images(tmp_path)
    real = sorted

    class Reversed:
        def __init__(self, path: Path) -> None:
            with os_scandir(path) as entries:
                self.entries = iter(real(entries, key=lambda e: e.name, reverse=True))

        def __enter__(self) -> "Iterator[os.DirEntry[str]]":
            return self.entries

        def __next__(self) -> "os.DirEntry[str]":
            return next(self.entries)

        def __exit__(self, *_: object) -> None: ...

    os_scandir = os.scandir
    monkeypatch.setattr(os, "scandir", Reversed)
    assert read_images(tmp_path) == forward


@pytest.mark.parametrize(
    "rest", ["cat/1.png", "./cat/1.png", "cat//1.png", "cat/.hidden/1.png", "cat/./1.png", "a.b/1"]
)
@pytest.mark.parametrize("root", ["/data", "/data/.cache/x"])
def test_ids_are_paths_as_pathlib_writes_them(root: str, rest: str) -> None:
    assert FolderReader(Path(root)).id_of(f"{root}/{rest}") == PurePosixPath(rest).as_posix()
