"""The append-only record of a run, and its replay.

Everything that happens in a run goes through `Journal.event`: it either gives back what was recorded at this place, or
makes it happen and records it. So a run that is started again goes through what it already did without doing it, and
continues live at the first thing that has no record. A run that is replayed never gets that far.
"""

import datetime
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from prompt_search.errors import RunError, RunLocked, RunMismatch

__all__ = ["JOURNAL", "Event", "Journal", "effective", "read_events"]

JOURNAL = "journal.jsonl"
Event = dict[str, Any]


class Journal:
    """The journal of one run folder; holds a lock on it while open.

    Args:
        folder: created if missing. A journal that is there is continued.
        source: events to replay into this (new) folder instead of continuing its own.

    Raises:
        RunLocked: if another process is running in the folder.
        RunError: if the folder or its journal can't be used.
    """

    def __init__(self, folder: Path, source: Iterable[Event] | None = None) -> None:
        self.folder = folder
        self._path = folder / JOURNAL
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / ".lock", timeout=0)
            self._lock.acquire()
        except Timeout as error:
            raise RunLocked(f"another process is running in {folder}; wait for it or choose another --out") from error
        except OSError as error:
            raise RunError(f"the run folder {folder} can't be used: {error.strerror or error}") from error
        try:
            self.recorded = read_events(self._path, mend=True)
            if source is not None and self.recorded:
                raise RunError(f"{folder} already holds a run; replay into an empty folder")
            self._copying = source is not None
            self._pending = list(source) if source is not None else effective(self.recorded)
            self._next = 0
        except RunError:
            self._lock.release()
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def replaying(self) -> bool:
        """Whether the next event comes from the record."""
        return self._next < len(self._pending)

    @property
    def upcoming(self) -> str | None:
        """The kind of the next recorded event, if there is one."""
        return self._pending[self._next]["event"] if self.replaying else None

    def event(self, kind: str, key: str, make: Callable[[], Event]) -> Event:
        """The recorded event of this place, or a new one.

        Args:
            kind: what happens, e.g. `ask`.
            key: identifies the occasion; a record with another key means that something has changed since.
            make: makes it happen and returns its data (JSON values); called only if there is no record.

        Raises:
            RunMismatch: if the record tells of something else.
            RunError: if the journal can't be written.
        """
        if not self.replaying:
            return self.append(kind, key, make())
        recorded = self._pending[self._next]
        if recorded["event"] != kind or recorded["key"] != key:
            raise RunMismatch(
                f"{self._path} records {recorded['event']!r} as event {self._next + 1}, where this run comes to "
                f"{kind!r}; the program or its inputs have changed since: start again with another --out"
            )
        self._next += 1
        return self._write(recorded) if self._copying else recorded

    def append(self, kind: str, key: str, data: Event) -> Event:
        """Record an event unconditionally."""
        return self._write({"event": kind, "key": key, **data})

    def reopen(self, data: Event) -> None:
        """Make void what a budget cut short, and what came of it; call before the first `event`."""
        self.append("reopened", "", data)
        self._pending = effective(self.recorded)

    def _write(self, event: Event) -> Event:
        event = {k: v for k, v in event.items() if k != "time"}
        event["time"] = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        try:
            with self._path.open("ab") as file:
                file.write(json.dumps(event).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunError(
                f"{self._path} can't be written: {error.strerror or error}; mend that and give the same command again"
            ) from error
        self.recorded.append(event)
        return event


def read_events(path: Path, *, mend: bool = False) -> list[Event]:
    """The events of a journal file; none if there is no file.

    A last line that a crash cut off is left out (and cut from the file if `mend`).

    Raises:
        RunError: if the file can't be read or another line is damaged.
    """
    try:
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if mend and len(whole) < len(content):
            with path.open("r+b") as file:
                file.truncate(len(whole))
    except OSError as error:
        raise RunError(f"{path} can't be read: {error.strerror or error}") from error
    events: list[Event] = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            event = json.loads(line)
            if not isinstance(event, dict) or not isinstance(event["event"], str) or not isinstance(event["key"], str):
                raise ValueError("not an event")
        except (ValueError, KeyError) as error:
            raise RunError(f"{path}, line {number} is damaged ({error}); start again with another --out") from error
        events.append(event)
    return events


def effective(events: list[Event]) -> list[Event]:
    """The events without those a reopening made void.

    A budget that was raised later undoes everything from the first event it cut short to the reopening.
    """
    kept: list[Event] = []
    for event in events:
        if event["event"] == "reopened":
            cut = next((i for i, e in enumerate(kept) if cut_short(e)), len(kept))
            del kept[cut:]
        else:
            kept.append(event)
    return kept


def cut_short(event: Event) -> bool:
    """Whether a budget kept this event from being what the strategy asked for."""
    return event["event"] == "budget" or bool(event.get("refused"))
