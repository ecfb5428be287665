"""What is known about image files from earlier starts, so that a second start opens none of them."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prompt_search.cache.cache_file import CacheFile
from prompt_search.data.layouts.image_source import ImageFile
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.data.pictures.near_duplicates import LOOK, Leaks
from prompt_search.data.pictures.odd_pictures import SAYINGS
from prompt_search.data.pictures.picture_formats import decoder_name
from prompt_search.data.pictures.picture_traits import PictureTraits

__all__ = ["FileIndex"]

TABLES = """
CREATE TABLE IF NOT EXISTS files (
    path TEXT, row INTEGER, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (path, row)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS corrupt (
    content BLOB, decoder TEXT, reason TEXT NOT NULL, PRIMARY KEY (content, decoder)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS traits (
    content BLOB, decoder TEXT, traits TEXT NOT NULL, PRIMARY KEY (content, decoder)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leaks (
    drawn BLOB, features TEXT, found TEXT NOT NULL, PRIMARY KEY (drawn, features)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sayings (
    drawn BLOB, decoder TEXT, said TEXT NOT NULL, PRIMARY KEY (drawn, decoder)
) WITHOUT ROWID;
"""
AT_ONCE = 500
"""Keys in a statement: every SQLite takes 999 values."""

WAY_OUT = "it is only a cache: delete it, or choose another cache directory"
PLAIN = Decoding()
Sayings = tuple[tuple[str, ...], tuple[str, ...]]
REASONS = "reasons 5"
"""Counted up when what is said or kept about the same bytes changes."""


class FileIndex:
    """Content hashes by path, size and modification time, and what was found in contents; shared by processes.

    Args:
        path: SQLite file, created with its folder if missing. It is a cache: deleting it only costs time, and one that
            is damaged is set aside with a warning.
        how: pictures are decoded; what was found in them so decoded is kept apart.

    Raises:
        StoreError: here and in every method, if the file can't be read or written.

    >>> import tempfile
    >>> index = FileIndex(Path(tempfile.mkdtemp()) / "files.sqlite")
    >>> cat = ImageFile("cat/1.png", "cat", None, "/data/cat/1.png", size=3, mtime_ns=7, content=b"hash")
    >>> index.remember([cat])
    >>> index.contents([cat])
    [b'hash']
    """

    def __init__(self, path: Path, how: Decoding = PLAIN) -> None:
        # A newer Pillow may decode what an older one could not, and so may a newer version of ours.
        self._decoder = f"{decoder_name()}: {how.words}; {REASONS}"
        self._file = CacheFile(path, "the index of image files", _make_tables, WAY_OUT)
        self._file.do(lambda _: None)

    def contents(self, images: Sequence[ImageFile]) -> list[bytes | None]:
        """For each image the SHA-256 of its bytes, or None if the file is unknown or has changed."""
        paths = list(dict.fromkeys(image.path for image in images))
        query = "SELECT path, row, size, mtime_ns, content FROM files WHERE path IN ({})"
        known = {row[:4]: row[4] for row in self._among(query, paths)}
        found = [known.get(_stamp(image)) for image in images]
        return [content if isinstance(content, bytes) else None for content in found]

    def remember(self, images: Iterable[ImageFile]) -> None:
        """Store the contents of images that have been read."""
        rows = [(*_stamp(image), image.content) for image in images]
        self._write("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)

    def corrupt(self, contents: Iterable[bytes]) -> dict[bytes, str]:
        """Those of the contents that could not be decoded, with the reason."""
        query = "SELECT content, reason FROM corrupt WHERE decoder = ?"
        known = dict(self._file.do(lambda db: db.execute(query, (self._decoder,)).fetchall()))
        return {content: str(known[content]) for content in dict.fromkeys(contents) if content in known}

    def remember_corrupt(self, reasons: Mapping[bytes, str]) -> None:
        """Store why contents could not be decoded by the Pillow that is installed."""
        rows = [(content, self._decoder, reason) for content, reason in reasons.items()]
        self._write("INSERT OR REPLACE INTO corrupt VALUES (?, ?, ?)", rows)

    def traits(self, contents: Iterable[bytes]) -> dict[bytes, PictureTraits]:
        """What the pictures of these contents are like, those that have been decoded before."""
        query = "SELECT content, traits FROM traits WHERE content IN ({}) AND decoder = ?"
        rows = self._among(query, list(dict.fromkeys(contents)), self._decoder)
        found = {content: PictureTraits.from_text(text) for content, text in rows}
        return {content: traits for content, traits in found.items() if traits is not None}

    def remember_traits(self, traits: Mapping[bytes, PictureTraits]) -> None:
        """Store what pictures are like."""
        rows = [(content, self._decoder, own.to_text()) for content, own in traits.items()]
        self._write("INSERT OR REPLACE INTO traits VALUES (?, ?, ?)", rows)

    def leaks(self, drawn: bytes, features: str) -> Leaks | None:
        """What a look for near duplicates came to; None if it is not known.

        Args:
            drawn: digest of the splits, see `Splits.digest`.
            features: what tells them from others, and how alike is too alike.
        """
        query = "SELECT found FROM leaks WHERE drawn = ? AND features = ?"
        row = self._file.do(lambda db: db.execute(query, (drawn, f"{LOOK}: {features}")).fetchone())
        return Leaks.from_text(row[0]) if row else None

    def remember_leaks(self, drawn: bytes, features: str, found: Leaks) -> None:
        """Store what a look came to."""
        self._write("INSERT OR REPLACE INTO leaks VALUES (?, ?, ?)", [(drawn, f"{LOOK}: {features}", found.to_text())])

    def sayings(self, drawn: bytes) -> Sayings | None:
        """What `odd_pictures` said of these splits, all of whose pictures are known then; None if it is not known."""
        query = "SELECT said FROM sayings WHERE drawn = ? AND decoder = ?"
        row = self._file.do(lambda db: db.execute(query, (drawn, self._sayer)).fetchone())
        return _sayings(row[0]) if row else None

    def remember_sayings(self, drawn: bytes, said: Sayings) -> None:
        """Store what was said."""
        self._write("INSERT OR REPLACE INTO sayings VALUES (?, ?, ?)", [(drawn, self._sayer, json.dumps(said))])

    @property
    def _sayer(self) -> str:
        return f"{self._decoder}; {SAYINGS}"

    def _among(self, query: str, wanted: Sequence[str | bytes], *others: str) -> list[tuple[Any, ...]]:
        """The rows of a query with `IN ({})`: many keys at a time; one statement for each would be slow."""

        def read(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
            rows: list[tuple[Any, ...]] = []
            for start in range(0, len(wanted), AT_ONCE):
                some = wanted[start : start + AT_ONCE]
                rows += db.execute(query.format(", ".join("?" * len(some))), (*some, *others))
            return rows

        return self._file.do(read)

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """One short transaction: none is open while pictures are read, so processes hardly wait for each other."""

        def write(db: sqlite3.Connection) -> None:
            with db:
                db.executemany(statement, rows)

        self._file.do(write)


def _make_tables(db: sqlite3.Connection) -> None:
    db.executescript(TABLES)


def _sayings(text: str) -> Sayings | None:
    """What `remember_sayings` wrote; None if it is something else."""
    try:
        notes, warnings = map(tuple, json.loads(text))
        return (notes, warnings) if all(isinstance(each, str) for each in notes + warnings) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _stamp(image: ImageFile) -> tuple[str, int, int, int]:
    return image.path, -1 if image.row is None else image.row, image.size, image.mtime_ns
