"""What an earlier start knew, across processes and faults."""

import multiprocessing
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from evaluators.errors import StoreError
from prompt_search.data.encoding.file_index import AT_ONCE, FileIndex
from prompt_search.data.layouts.image_source import ImageFile
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.data.pictures.near_duplicates import Leaks
from prompt_search.data.pictures.picture_traits import PictureTraits

CAT = ImageFile("cat/1.png", "cat", None, "/data/cat/1.png", size=3, mtime_ns=7, content=b"cat")


def remember_many(path: Path, first: int) -> None:
    for i in range(first, first + 20):
        FileIndex(path).remember([replace(CAT, path=str(i), content=str(i).encode())])


def test_another_instance_knows_what_was_remembered(tmp_path: Path) -> None:
    FileIndex(tmp_path / "new" / "index").remember([CAT])
    assert FileIndex(tmp_path / "new" / "index").contents([CAT]) == [b"cat"]


@pytest.mark.parametrize(
    "other",
    [replace(CAT, size=4), replace(CAT, mtime_ns=8), replace(CAT, path="/data/dog.png"), replace(CAT, row=0)],
)
def test_a_file_that_changed_is_unknown(tmp_path: Path, other: ImageFile) -> None:
    index = FileIndex(tmp_path / "index")
    index.remember([CAT])
    assert index.contents([other, CAT]) == [None, b"cat"]


def test_many_files_are_found_whatever_their_number(tmp_path: Path) -> None:
    images = [replace(CAT, path=f"{i:05}", content=str(i).encode()) for i in range(2 * AT_ONCE + 1)]
    index = FileIndex(tmp_path / "index")
    index.remember(images[1:])
    assert index.contents(images) == [None, *(image.content for image in images[1:])]
    kinds = {image.content: PictureTraits(pixels=image.path, one_colour=image.path.endswith("7")) for image in images}
    index.remember_traits(kinds)
    assert index.traits(kinds) == kinds


def test_rows_of_one_table_are_told_apart(tmp_path: Path) -> None:
    rows = [replace(CAT, row=row, content=bytes([row])) for row in range(3)]
    index = FileIndex(tmp_path / "index")
    index.remember([*rows, CAT])
    assert index.contents([CAT, *reversed(rows)]) == [b"cat", b"\2", b"\1", b"\0"]


@pytest.mark.parametrize("text", ["", "[]", "{}", "[1, 2]", "[[1], 2]", "[" * 100_000, '[[["zz", 1, 2, 3]], []]'])
def test_sayings_and_leaks_that_are_none_are_unknown(text: str, tmp_path: Path) -> None:
    index = FileIndex(tmp_path / "index")
    leaks = Leaks({b"cat": ("cat/1.png", "cat/2.png", 0.98)}, ("films",))
    said = (("a note",), ("a warning", "another"))
    for drawn in (b"whole", b"damaged"):
        index.remember_sayings(drawn, said)
        index.remember_leaks(drawn, "model, 0.97", leaks)
    with closing(sqlite3.connect(tmp_path / "index")) as db, db:
        db.execute("UPDATE sayings SET said = ? WHERE drawn = ?", (text, b"damaged"))
        db.execute("UPDATE leaks SET found = ? WHERE drawn = ?", (text, b"damaged"))
    assert (index.sayings(b"whole"), index.sayings(b"damaged")) == (said, None)
    assert (index.leaks(b"whole", "model, 0.97"), index.leaks(b"damaged", "model, 0.97")) == (leaks, None)
    assert index.leaks(b"whole", "model, 0.9") is None
    assert FileIndex(tmp_path / "index", Decoding(turned=True)).sayings(b"whole") is None


def test_corrupt_contents_are_remembered_with_their_reason(tmp_path: Path) -> None:
    FileIndex(tmp_path / "index").remember_corrupt({b"x": "cut off", b"y": "empty"})
    assert FileIndex(tmp_path / "index").corrupt([b"x", b"cat"]) == {b"x": "cut off"}


def test_another_pillow_decides_anew_what_is_corrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FileIndex(tmp_path / "index").remember_corrupt({b"x": "no decoder"})
    monkeypatch.setattr("prompt_search.data.pictures.picture_formats.version", lambda package: "99.0")
    assert FileIndex(tmp_path / "index").corrupt([b"x"]) == {}


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=remember_many, args=(tmp_path / "index", first)) for first in (0, 20, 40)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    images = [replace(CAT, path=str(i)) for i in range(60)]
    assert FileIndex(tmp_path / "index").contents(images) == [str(i).encode() for i in range(60)]


def test_a_damaged_index_is_set_aside_with_a_note(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "index").write_bytes(b"not a database" * 100)
    index = FileIndex(tmp_path / "index")
    assert "index of image files" in caplog.text
    assert "index.damaged" in caplog.text
    index.remember([CAT])
    assert index.contents([CAT]) == [b"cat"]


def test_an_index_that_is_deleted_or_damaged_in_use_is_begun_anew(tmp_path: Path) -> None:
    index = FileIndex(tmp_path / "index")
    index.remember([CAT])
    (tmp_path / "index").unlink()
    assert index.contents([CAT]) == [None]
    index.remember([CAT])
    (tmp_path / "index").write_bytes(b"\xff" * 5000)
    assert index.contents([CAT]) == [None]
    index.remember_corrupt({b"x": "cut off"})
    assert index.corrupt([b"x"]) == {b"x": "cut off"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"one_colour": 1}', "[" * 100_000, "\ud800", '{"pixels": "x"}'])
def test_traits_that_are_none_are_unknown(text: str, tmp_path: Path) -> None:
    index = FileIndex(tmp_path / "index")
    index.remember_traits({b"cat": PictureTraits(pixels="a"), b"dog": PictureTraits(pixels="b")})
    with closing(sqlite3.connect(tmp_path / "index")) as db, db:
        db.execute("UPDATE traits SET traits = ? WHERE content = ?", (text.encode(errors="surrogatepass"), b"cat"))
    assert index.traits([b"cat", b"dog"]) == {b"dog": PictureTraits(pixels="b")}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"can't be used: File exists.*cache directory"):
        FileIndex(tmp_path / "file" / "index")
