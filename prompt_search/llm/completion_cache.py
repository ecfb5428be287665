"""Replies kept on disk, so that no model is asked twice for the same draw."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock

from optimizers.language_model import Reply, Sample
from prompt_search.errors import StoreError

__all__ = ["CacheStats", "CompletionCache"]

SCHEMA_VERSION = 1
BUSY_SECONDS = 60.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    finish TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class CacheStats:
    """How much a cache holds: replies, and bytes on disk."""

    entries: int
    bytes: int


class CompletionCache:
    """Replies in one SQLite file, found by model identity and sample; safe for several processes.

    Args:
        path: the file; it and its folder are created at first use. As a context manager the cache stays connected.

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

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: sqlite3.Connection | None = None

    def get(self, model_identity: str, sample: Sample) -> Reply | None:
        """The stored reply, marked as cached, or None."""
        query = "SELECT text, finish, prompt_tokens, completion_tokens FROM replies WHERE key = ?"
        with self._connected() as connection:
            row = connection.execute(query, (_key(model_identity, sample),)).fetchone()
        if row is None:
            return None
        text, finish, prompt_tokens, completion_tokens = row
        return Reply(text, finish, prompt_tokens, completion_tokens, cached=True)

    def put(self, model_identity: str, sample: Sample, reply: Reply) -> None:
        """Store a reply; one that is already there is replaced."""
        row = (reply.text, reply.finish, reply.prompt_tokens, reply.completion_tokens)
        with self._connected() as connection, connection:
            connection.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?)", (_key(model_identity, sample), *row)
            )

    def stats(self) -> CacheStats:
        """Number of replies and bytes on disk."""
        with self._connected() as connection:
            (entries,) = connection.execute("SELECT count(*) FROM replies").fetchone()
        return CacheStats(entries, self._bytes())

    def clear(self) -> None:
        """Forget every reply. A damaged file is deleted."""
        try:
            with self._connected() as connection:
                connection.execute("DELETE FROM replies").connection.commit()
                connection.execute("VACUUM")
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.OperationalError):
                raise
            self._delete()

    def __enter__(self) -> Self:
        """Keep one connection open, which makes many operations faster."""
        with self._named_errors():
            self._kept = self._opened()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
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
        except sqlite3.OperationalError as error:
            raise StoreError(f"the completion cache {self.path} can't be used: {error}") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"the completion cache {self.path} is damaged ({error}). "
                "`prompt-search cache clear` starts a new one; runs keep their own replies."
            ) from error
        except OSError as error:
            raise StoreError(f"the completion cache {self.path} can't be used: {error}") from error

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
        if self._version(connection) == SCHEMA_VERSION:
            return
        # SQLite's busy timeout does not cover the switch to WAL, so two processes must not do it at once.
        with FileLock(f"{self.path}.lock", timeout=BUSY_SECONDS), connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(SCHEMA)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _version(self, connection: sqlite3.Connection) -> int:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"the completion cache {self.path} was written by a newer version of Prompt Search. "
                "Update, or start a new cache with `prompt-search cache clear`."
            )
        return version

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
