"""A cache file that is damaged: it makes way once, whoever finds it first."""

import sqlite3
from pathlib import Path

import pytest

from prompt_search.cache.cache_file import CacheFile
from prompt_search.errors import StoreError


def prepare(db: sqlite3.Connection) -> None:
    db.executescript("CREATE TABLE IF NOT EXISTS t (a)")


def opened(path: Path) -> CacheFile:
    return CacheFile(path, "the cache", prepare, "mend it")


def rows(file: CacheFile) -> int:
    return int(file.do(lambda db: db.execute("SELECT count(*) FROM t").fetchone()[0]))


def add(file: CacheFile) -> None:
    def insert(db: sqlite3.Connection) -> None:
        with db:
            db.execute("INSERT INTO t VALUES (1)")

    file.do(insert)


def damage(path: Path) -> None:
    """In place, as a disk does it: whoever has the file open has the damaged one."""
    with path.open("r+b") as file:
        file.write(b"\xff" * 100)


def test_who_finds_the_damage_second_does_not_set_the_new_file_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = opened(tmp_path / "c"), opened(tmp_path / "c")
    with first, second:
        add(first)
        damage(tmp_path / "c")
        for file in (first, second):
            add(file)
        assert (rows(first), rows(second)) == (2, 2)
    assert caplog.text.count("set aside") == 1


def test_a_defect_of_ours_is_an_error_and_not_repeated_for_ever(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"the cache .*no such table: wrong; mend it"):
        opened(tmp_path / "c").do(lambda db: db.execute("SELECT * FROM wrong"))


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    with pytest.raises(StoreError, match=r"the cache .*mend it"):
        add(opened(tmp_path / "c"))


def test_what_the_name_holds_does_not_reach_the_terminal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a\x1b[2J\u202e" / "c"
    path.parent.mkdir()
    path.write_bytes(b"nothing" * 100)
    add(opened(path))
    assert "set aside" in caplog.messages[0]
    assert caplog.messages[0].isprintable()
