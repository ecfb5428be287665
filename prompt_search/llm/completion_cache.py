"""Replies kept on disk, so that no model is asked twice for the same draw."""

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, get_args, get_type_hints

from filelock import FileLock

from optimizers.language_model import Reply, Sample
from prompt_search.cache.cache_file import BUSY_SECONDS, CacheFile
from prompt_search.errors import StoreError

__all__ = ["CacheStats", "CompletionCache"]

DAY = 86_400
VERSION = 2
TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    finish TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    form TEXT,
    shortened INTEGER NOT NULL,
    used_on INTEGER NOT NULL
)
"""
"""`used_on` is the day, counted from 1970, on which the reply was last of use."""

SELECT = "SELECT text, finish, prompt_tokens, completion_tokens, form, shortened, used_on FROM replies WHERE key = ?"
INSERT = "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
DELETE_BEYOND = """
DELETE FROM replies WHERE key IN (
    SELECT key FROM (
        SELECT key, sum(length(CAST(text AS BLOB)) + 200) OVER (ORDER BY used_on DESC, rowid DESC) AS size FROM replies
    ) WHERE size > ?
)
"""
"""Keeps the replies used last, up to a size in bytes: their texts, and 200 for all else of each."""

WAY_OUT = "mend that, or start a new one with `prompt-search cache clear`; runs keep their own replies"
COLUMNS: tuple[type | tuple[type, ...], ...] = (str, str, int, int, (str, type(None)), int, int)
"""What `SELECT` finds; a file that was written to by something else may hold anything."""
FINISHES = get_args(get_type_hints(Reply)["finish"])
FORMS = (None, *get_args(get_args(get_type_hints(Reply)["form"])[0]))
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CacheStats:
    """How much a cache holds: replies, and bytes on disk."""

    entries: int
    bytes: int


class CompletionCache:
    """Replies in one SQLite file, found by model identity and sample; safe for several processes.

    It is a cache: a file that is damaged is set aside with a warning and a new one begun, and so is a file that was
    deleted while in use. A reply that can't be one counts as absent.

    Args:
        path: the file; it and its folder are created at first use, readable by their owner only. As a context manager
            the cache stays connected.
        clock: seconds since 1970.

    Every method raises `StoreError`, naming the file, when it is locked for over a minute, unwritable, or of another
    version.

    >>> import tempfile
    >>> from optimizers.language_model import Message, Request
    >>> cache = CompletionCache(Path(tempfile.mkdtemp()) / "completions.sqlite")
    >>> sample = Sample(Request((Message("user", "Describe a cat."),)), run_seed=0, occurrence=0)
    >>> cache.put("some-model", sample, Reply("whiskers"))
    >>> cache.get("some-model", sample).text
    'whiskers'
    >>> cache.get("another-model", sample) is None
    True
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._file = CacheFile(path, "the completion cache", self._prepare, WAY_OUT, private=True)

    def get(self, model_identity: str, sample: Sample) -> Reply | None:
        """The stored reply, marked as cached, or None."""
        key = _key(model_identity, sample)
        row = self._file.do(lambda connection: self._row(connection, key))
        if row is None:
            return None
        found = _reply(row)
        if found is None:
            logger.warning("a reply in the completion cache is damaged: the model is asked again")
        return found

    def put(self, model_identity: str, sample: Sample, reply: Reply) -> None:
        """Store a reply; one that is already there is replaced."""
        told = (reply.text, reply.finish, reply.prompt_tokens, reply.completion_tokens, reply.form, reply.shortened)
        row = (_key(model_identity, sample), *told, self._today())

        def insert(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute(INSERT, row)

        self._file.do(insert)

    def stats(self) -> CacheStats:
        """Number of replies and bytes on disk."""
        entries: int = self._file.do(lambda c: c.execute("SELECT count(*) FROM replies").fetchone()[0])
        return CacheStats(entries, sum(file.stat().st_size for file in self._file.files() if file.exists()))

    def prune(self, unused_days: int, max_bytes: int | None = None) -> int:
        """Forget the replies that were of no use for that many days, then the least recently used ones.

        Other processes may go on using the cache.

        Args:
            unused_days: 0 or more; what was used today is kept by any.
            max_bytes: of the texts that stay, a little more for each reply counted in.

        Returns:
            How many replies were forgotten.
        """
        oldest = (self._today() - unused_days,)

        def forget(connection: sqlite3.Connection) -> int:
            with connection:
                forgotten = connection.execute("DELETE FROM replies WHERE used_on < ?", oldest).rowcount
                if max_bytes is not None:
                    forgotten += connection.execute(DELETE_BEYOND, (max_bytes,)).rowcount
            if forgotten:
                _shrink(connection)
            return forgotten

        return self._file.do(forget)

    def clear(self) -> None:
        """Forget every reply; what was set aside as damaged is deleted, and so is a file of another version."""
        try:
            self._file.do(_clear)
            for file in self._file.files(".damaged"):
                file.unlink(missing_ok=True)
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.Error | OSError):
                raise
            self._file.delete()

    def __enter__(self) -> Self:
        """Keep one connection open, which makes many operations faster."""
        self._file.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._file.__exit__(*error)

    def _row(self, connection: sqlite3.Connection, key: str) -> Sequence[Any] | None:
        """What is stored, marked as of use today."""
        row: Sequence[Any] | None = connection.execute(SELECT, (key,)).fetchone()
        if row is not None and _reply(row) is not None and row[-1] < self._today():
            with connection:
                connection.execute("UPDATE replies SET used_on = ? WHERE key = ?", (self._today(), key))
        return row

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == VERSION:
            return
        if version != 0:
            other = "a newer" if version > VERSION else "an unreleased"
            raise StoreError(
                f"the completion cache {self.path} was written by {other} version of Prompt Search. "
                "Update, or start a new cache with `prompt-search cache clear`."
            )
        # SQLite's busy timeout does not cover the switch to WAL, so two processes must not do it at once.
        with FileLock(f"{self.path}.lock", timeout=BUSY_SECONDS), connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(TABLE)
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def _today(self) -> int:
        return int(self._clock() // DAY)


def _key(model_identity: str, sample: Sample) -> str:
    return hashlib.sha256(json.dumps([model_identity, sample.key]).encode()).hexdigest()


def _reply(row: Sequence[Any]) -> Reply | None:
    """The reply in a row, if it can be one."""
    if not all(isinstance(value, kind) for value, kind in zip(row, COLUMNS, strict=True)):
        return None
    text, finish, prompt_tokens, completion_tokens, form, shortened, _ = row
    if finish not in FINISHES or form not in FORMS or min(prompt_tokens, completion_tokens) < 0:
        return None
    return Reply(text, finish, prompt_tokens, completion_tokens, cached=True, form=form, shortened=bool(shortened))


def _clear(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("DELETE FROM replies")
    _shrink(connection)


def _shrink(connection: sqlite3.Connection) -> None:
    """Give freed space back, as far as other processes let us."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
