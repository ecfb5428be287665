"""The append-only record of a run, and its replay.

Everything that happens in a run goes through `Journal.event`: it either gives back what was recorded at this place, or
makes it happen and records it. So a run that is started again goes through what it already did without doing it, and
continues live at the first thing that has no record. A run that is replayed never gets that far.
"""

import datetime
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from filelock import FileLock, Timeout

from evaluators.scoring.score import SCORES_VERSION
from prompt_search.errors import RunError, RunLocked, RunMismatch
from prompt_search.run.journal.event_lines import Record, as_line, read_line
from prompt_search.run.journal.events import Asked, Captioned, Event, Facts, Reopened, ScoredCandidates, Stopped
from prompt_search.run.journal.json_shape import ShapeError
from prompt_search.run.journal.recorded_texts import RecordedTexts
from prompt_search.run.journal.sound_lines import sound_length
from prompt_search.run.money.budget import Budget

__all__ = ["JOURNAL", "Journal", "facts_of", "learn_texts", "limited", "read_records", "without_void"]

JOURNAL = "journal.jsonl"
LOOK = 1.0
"""Seconds: whoever only looks at the state of a run holds its lock for a moment."""
Kind = TypeVar("Kind", bound=Event)


class Journal:
    """The journal of one run folder; holds a lock on it while open.

    Args:
        folder: created if missing. A journal that is there is continued.
        source: records to replay into this (new) folder instead of continuing its own.
        source_path: the file that they are from, which messages name.

    Raises:
        RunLocked: if another process is running in the folder.
        RunError: if the folder or its journal can't be used.
    """

    def __init__(self, folder: Path, source: Iterable[Record] | None = None, source_path: Path | None = None) -> None:
        self.folder = folder
        self._path = folder / JOURNAL
        self._read_from = source_path or self._path
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / ".lock", timeout=LOOK)
            self._lock.acquire()
        except Timeout as error:
            raise RunLocked(
                f"another process is running in {folder}; wait for it or choose another run folder"
            ) from error
        except OSError as error:
            raise RunError(f"the run folder {folder} can't be used: {error.strerror or error}") from error
        try:
            self.recorded = read_records(self._path, mend=True)
            if source is not None and self.recorded:
                raise RunError(f"{folder} already holds a run; replay into an empty folder")
            self._copying = source is not None
            self._pending = list(source) if source is not None else without_void(self.recorded)
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
    def upcoming(self) -> type[Event] | None:
        """The kind of the next recorded event, if there is one."""
        return type(self._pending[self._next].event) if self.replaying else None

    def event(self, kind: type[Kind], key: str, make: Callable[[], Kind]) -> Kind:
        """The recorded event of this place, or a new one.

        Args:
            kind: what happens.
            key: identifies the occasion; a record with another key means that something has changed since.
            make: makes it happen; called only if there is no record.

        Raises:
            RunMismatch: if the record tells of something else.
            RunError: if the journal can't be written.
        """
        if not self.replaying:
            made = make()
            self._write(key, made)
            return made
        record = self._pending[self._next]
        if not isinstance(record.event, kind) or record.key != key:
            raise RunMismatch(
                f"{self._read_from} records {record.event.kind!r} as event {self._next + 1}, where this run comes to "
                f"{kind.kind!r}; the program or its inputs have changed since: start again in another run folder"
            )
        self._next += 1
        if self._copying:
            self._write(record.key, record.event)
        return record.event

    def expect(self, field: str, *, holds: bool) -> None:
        """Refuse the recorded event that `event` gave last if one of its fields does not fit what this run asks of it.

        Raises:
            RunError: naming file, line and field.
        """
        if not holds:
            record = self._pending[self._next - 1]
            what = f"{field!r} of {record.event.kind!r} does not fit this run"
            raise RunError(_damaged(self._read_from, record.line, what))

    def reopen(self, budget: Budget) -> None:
        """Make void what a budget cut short, and what came of it; call before the first `event`."""
        self._write("", Reopened(budget=budget))
        self._pending = without_void(self.recorded)

    def _write(self, key: str, event: Event) -> None:
        time = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        try:
            with self._path.open("ab") as file:
                file.write(as_line(key, event, time))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunError(
                f"{self._path} can't be written: {error.strerror or error}; mend that and give the same command again"
            ) from error
        self.recorded.append(Record(key, event, len(self.recorded) + 1))


def read_records(path: Path, *, mend: bool = False) -> list[Record]:
    """The records of a journal file; none if there is no file.

    What a crash or a power cut left at the end (part of a line, NUL bytes, blanks) is left out, and cut from the file
    if `mend`.

    Raises:
        RunError: if the file can't be read, or a line is damaged, with its number and field.
    """
    try:
        content = path.read_bytes() if path.exists() else b""
        whole = content[: sound_length(content)]
        if mend and len(whole) < len(content):
            with path.open("r+b") as file:
                file.truncate(len(whole))
    except OSError as error:
        raise RunError(f"{path} can't be read: {error.strerror or error}") from error
    records: list[Record] = []
    facts: Facts | None = None
    for number, line in enumerate(whole.split(b"\n")[:-1], start=1):
        try:
            record = read_line(line, number, facts)
        except ShapeError as error:
            if facts is not None and facts.identity.get("scores") != SCORES_VERSION:
                raise RunError(
                    f"{path} was written by another version of prompt-search, which this one can't read "
                    f"(line {number}: {error}); go on with that version, or run anew in another folder"
                ) from error
            raise RunError(_damaged(path, number, str(error))) from error
        if number == 1 and isinstance(record.event, Facts):
            facts = record.event
        records.append(record)
    return records


def facts_of(records: list[Record], path: Path) -> Facts:
    """What the run of a journal is about.

    Raises:
        RunError: if it does not begin with that.
    """
    first = records[0].event
    if not isinstance(first, Facts):
        raise RunError(_damaged(path, 1, f"a journal begins with {Facts.kind!r}, this one with {first.kind!r}"))
    return first


def without_void(records: list[Record]) -> list[Record]:
    """The records without those a reopening made void.

    A budget that was raised later undoes everything from the first event it cut short to the reopening.
    """
    kept: list[Record] = []
    for record in records:
        if isinstance(record.event, Reopened):
            cut = next((i for i, each in enumerate(kept) if limited(each.event)), len(kept))
            del kept[cut:]
        else:
            kept.append(record)
    return kept


def learn_texts(texts: RecordedTexts, record: Record, path: Path) -> None:
    """Take in what a record of scored candidates tells of texts.

    Raises:
        RunError: if it names a text or a list that no line brought.
    """
    assert isinstance(record.event, ScoredCandidates)
    try:
        texts.learn(record.event)
    except ShapeError as error:
        raise RunError(_damaged(path, record.line, str(error))) from error


def limited(event: Event) -> Asked | Captioned | Stopped | None:
    """The event, if a budget kept it from being what the strategy asked for."""
    cut = isinstance(event, Stopped) or (isinstance(event, Asked | Captioned) and event.refused > 0)
    return event if cut and isinstance(event, Asked | Captioned | Stopped) else None


def _damaged(path: Path, line: int, what: str) -> str:
    return (
        f"{path}, line {line} is damaged: {what}; start again in another run folder, or delete this line and all that "
        "follow to go on from there"
    )
