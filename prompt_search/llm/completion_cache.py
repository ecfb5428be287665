"""Replies kept on disk, so that no model is asked twice for the same draw."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock

from optimizers.language_model import Reply, Sample
from prompt_search.errors import StoreError

__all__ = ["CacheStats", "CompletionCache"]

BUSY_SECONDS = 60.0
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


@dataclass(frozen=True, slots=True)
class CacheStats:
    """How much a cache holds: replies, and bytes on disk."""

    entries: int
    bytes: int


class CompletionCache:
    """Replies in one SQLite file, found by model identity and sample; safe for several processes.

    Args:
        path: the file; it and its folder are created at first use. As a context manager the cache stays connected.
        clock: seconds since 1970.

    Every method raises `StoreError`, naming the file, when it is damaged, locked for over a minute, or unwritable.

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
        self._kept: sqlite3.Connection | None = None

    def get(self, model_identity: str, sample: Sample) -> Reply | None:
        """The stored reply, marked as cached, or None."""
        key = _key(model_identity, sample)
        with self._connected() as connection:
            row = connection.execute(SELECT, (key,)).fetchone()
            if row is None:
                return None
            text, finish, prompt_tokens, completion_tokens, form, shortened, used_on = row
            if used_on < self._today():
                with connection:
                    connection.execute("UPDATE replies SET used_on = ? WHERE key = ?", (self._today(), key))
        counts = (prompt_tokens, completion_tokens)
        return Reply(text, finish, *counts, cached=True, form=form, shortened=bool(shortened))

    def put(self, model_identity: str, sample: Sample, reply: Reply) -> None:
        """Store a reply; one that is already there is replaced."""
        told = (reply.text, reply.finish, reply.prompt_tokens, reply.completion_tokens, reply.form, reply.shortened)
        row = (_key(model_identity, sample), *told, self._today())
        with self._connected() as connection, connection:
            connection.execute(INSERT, row)

    def stats(self) -> CacheStats:
        """Number of replies and bytes on disk."""
        with self._connected() as connection:
            (entries,) = connection.execute("SELECT count(*) FROM replies").fetchone()
        return CacheStats(entries, self._bytes())

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
        with self._connected() as connection:
            with connection:
                forgotten = connection.execute("DELETE FROM replies WHERE used_on < ?", oldest).rowcount
                if max_bytes is not None:
                    forgotten += connection.execute(DELETE_BEYOND, (max_bytes,)).rowcount
            if forgotten:
                _shrink(connection)
        return forgotten

    def clear(self) -> None:
        """Forget every reply. A damaged file is deleted."""
        try:
            with self._connected() as connection:
                connection.execute("DELETE FROM replies").connection.commit()
                _shrink(connection)
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.OperationalError):
                raise
            self._delete()

    def __enter__(self) -> Self:
        """Keep one connection open, which makes many operations faster."""
        with self._named_errors():
            self._kept = self._opened()
        return self

    def __exit__(self, *error: object) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """The kept connection, or one for this operation only."""
        with self._named_errors():
            if self._kept is not None:
                yield self._kept
            else:
                with closing(self._opened()) as connection:
                    yield connection

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise StoreError(f"the completion cache {self.path} can't be used: {error}") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"the completion cache {self.path} is damaged ({error}). "
                "`prompt-search cache clear` starts a new one; runs keep their own replies."
            ) from error

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as on_failure:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
            on_failure.callback(connection.close)
            self._prepare(connection)
            on_failure.pop_all()
        return connection

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

    def _files(self) -> list[Path]:
        return [self.path.with_name(self.path.name + suffix) for suffix in ("", "-wal", "-shm")]

    def _bytes(self) -> int:
        return sum(file.stat().st_size for file in self._files() if file.exists())

    def _delete(self) -> None:
        try:
            for file in self._files():
                file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"the completion cache {self.path} can't be deleted: {error}") from error


def _key(model_identity: str, sample: Sample) -> str:
    return hashlib.sha256(json.dumps([model_identity, sample.key]).encode()).hexdigest()


def _shrink(connection: sqlite3.Connection) -> None:
    """Give freed space back, as far as other processes let us."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
