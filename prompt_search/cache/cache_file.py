"""A SQLite file that is only a cache: one that is damaged makes way for a new one, and the run goes on."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self, TypeVar

from filelock import FileLock

from evaluators.errors import StoreError
from evaluators.printable import printable
from prompt_search.cache.private_file import make_private

__all__ = ["BUSY_SECONDS", "CacheFile"]

BUSY_SECONDS = 60.0
SUFFIXES = ("", "-wal", "-shm")
FOUND_DAMAGED = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""Primary result codes; the first one is what SQLite says of a table that should be there and is not."""

Found = TypeVar("Found")
Identity = tuple[int, int]
logger = logging.getLogger(__name__)


class CacheFile:
    """One file, for several processes; made anew, with its folder, where there is none.

    A damaged file is set aside: it becomes `<name>.damaged`, a warning is logged, and the operation that found it goes
    to a new one. A file that was deleted while in use is made anew as well.

    Args:
        path: the file.
        what: what it holds, for messages.
        prepare: makes the tables of a connection, where they are missing; raises `StoreError` where they are not ours.
        way_out: what to do where the file can't be used, for the end of a message.
        private: a new file is readable by its owner only.

    As a context manager it stays connected, which makes many operations faster.
    """

    def __init__(
        self,
        path: Path,
        what: str,
        prepare: Callable[[sqlite3.Connection], None],
        way_out: str,
        *,
        private: bool = False,
    ) -> None:
        self.path = path
        self._what, self._way_out = f"{what} {printable(str(path))}", way_out
        self._prepare, self._private = prepare, private
        self._kept: sqlite3.Connection | None = None
        self._is: Identity | None = None

    def do(self, operation: Callable[[sqlite3.Connection], Found]) -> Found:
        """What an operation finds; called with a second connection where the file of the first one is damaged.

        Raises:
            StoreError: if the file can't be read or written, or was locked for over a minute.
        """
        try:
            try:
                return self._once(operation)
            except sqlite3.Error as error:
                if not _is_damage(error):
                    raise
                self._set_aside(error)
                return self._once(operation)
        except (sqlite3.Error, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise StoreError(f"{self._what} can't be used: {reason}; {self._way_out}") from error

    def files(self, mark: str = "") -> list[Path]:
        """The file and what SQLite writes beside it, there or not; with the mark `.damaged` those set aside."""
        return [self.path.with_name(f"{self.path.name}{mark}{suffix}") for suffix in SUFFIXES]

    def delete(self) -> None:
        """Delete the file, and what was set aside.

        Raises:
            StoreError: if that can't be done.
        """
        try:
            for file in self.files() + self.files(".damaged"):
                file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self._what} can't be deleted: {error}") from error

    def __enter__(self) -> Self:
        self._kept = self.do(lambda _: self._opened())
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def _once(self, operation: Callable[[sqlite3.Connection], Found]) -> Found:
        if self._kept is None:
            with closing(self._opened()) as connection:
                return operation(connection)
        if _identity(self.path) != self._is:
            logger.warning("%s was deleted while it was in use; a new one is begun", self._what)
            self._reopen()
        return operation(self._kept)

    def _reopen(self) -> None:
        self._close()
        self._kept = self._opened()

    def _close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._private and not self.path.exists():
            make_private(self.path)  # SQLite makes its other files alike
        with ExitStack() as on_failure:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
            on_failure.callback(connection.close)
            self._is = _identity(self.path)
            self._prepare(connection)
            self._is = self._is or _identity(self.path)
            on_failure.pop_all()
        return connection

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Give the damaged file another name, unless another process has done so meanwhile."""
        keeps_connected = self._kept is not None
        self._close()
        with FileLock(f"{self.path}.lock", timeout=BUSY_SECONDS):
            if _identity(self.path) == self._is:
                for file, aside in zip(self.files(), self.files(".damaged"), strict=True):
                    aside.unlink(missing_ok=True)
                    if file.exists():
                        file.rename(aside)
                logger.warning(
                    "%s is damaged (%s): it is set aside as %s, and a new one is begun",
                    *(self._what, printable(str(error)), printable(self.files(".damaged")[0].name)),
                )
        if keeps_connected:
            self._kept = self._opened()


def _is_damage(error: sqlite3.Error) -> bool:
    if not isinstance(error, sqlite3.OperationalError):
        return isinstance(error, sqlite3.DatabaseError)
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF in FOUND_DAMAGED  # without a code: a text that is not UTF-8


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
