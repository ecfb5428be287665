"""How far a run is, told from its folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from prompt_search.run.journal.events import Asked, Ended, ScoredCandidates
from prompt_search.run.journal.journal import JOURNAL, read_records, without_void

__all__ = ["RunState", "state_of"]


@dataclass(frozen=True, slots=True)
class RunState:
    """What a run folder tells.

    Attributes:
        phase: `new` (nothing recorded), `running` (a process has the folder), `interrupted`, or `finished`.
        events: recorded steps.
        llm_calls: replies of the language model, those from the cache among them.
        candidates: sets of prompts that were scored on the search images.
    """

    phase: Literal["new", "running", "interrupted", "finished"]
    events: int = 0
    llm_calls: int = 0
    candidates: int = 0


def state_of(folder: Path) -> RunState:
    """The state of the run in a folder.

    Raises:
        RunError: if its journal is damaged.
    """
    events = [record.event for record in without_void(read_records(folder / JOURNAL))]
    if not events:
        return RunState("running" if _is_locked(folder) else "new")
    finished = isinstance(events[-1], Ended)
    return RunState(
        "finished" if finished else "running" if _is_locked(folder) else "interrupted",
        len(events),
        sum(len(event.replies) - event.refused for event in events if isinstance(event, Asked)),
        sum(len(event.scores) for event in events if isinstance(event, ScoredCandidates)),
    )


def _is_locked(folder: Path) -> bool:
    if not (folder / ".lock").exists():
        return False
    try:
        with FileLock(folder / ".lock", timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False
