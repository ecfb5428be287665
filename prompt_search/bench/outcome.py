"""What one run of a bench came to, read from its folder: nothing is opened, encoded or asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prompt_search.bench.bench_file import Cell
from prompt_search.errors import RunError, RunMissing
from prompt_search.run.folder import as_recorded, read_arguments
from prompt_search.run.money.budget import Budget
from prompt_search.run.run_state import state_of

__all__ = ["SECONDS", "Measured", "Outcome", "Seconds", "read_outcome"]

SECONDS = "seconds.jsonl"
"""In the folder of a bench: how long each start of each run took."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of a run: top-1 on its n test images, in [0, 1]; winner minus this one with its 95 % interval."""

    name: str
    role: str
    n: int
    top1: float
    winner_ahead: float = 0.0
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished cell.

    Attributes:
        rows: the winner first.
        calls, tokens: of the language model, replies from the cache among them.
        evaluations: candidates scored on the search images.
        seconds: of all starts of the run, loading among them; replies and features from a cache make it short.
        usd: at list price, `None` where that is not known.
        stopped_by: the limit that ended it early, if one did.
    """

    cell: Cell
    rows: tuple[Measured, ...]
    calls: int
    tokens: int
    evaluations: int
    seconds: float
    usd: float | None
    stopped_by: str | None

    @property
    def winner(self) -> Measured:
        """What the run hands over."""
        return self.rows[0]

    def row(self, name: str) -> Measured | None:
        """A row by its name; the winner's, where what has that name won."""
        return next((row for row in self.rows if row.name == name), None)


class Seconds:
    """How long the runs of a bench took; a line for every start of one, so that nothing is lost by an interruption."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SECONDS

    def add(self, cell: Cell, seconds: float) -> None:
        """Write down one start.

        Raises:
            RunError: if the file can't be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(json.dumps({"cell": cell.folder.as_posix(), "seconds": round(seconds, 1)}) + "\n")
        except OSError as error:
            raise RunError(f"{self._path} can't be written: {error.strerror or error}") from error

    def of(self, cell: Cell) -> float:
        """All starts of a run together; a line that was cut off is left out."""
        if not self._path.exists():
            return 0.0
        total = 0.0
        for line in self._path.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
                total += entry["seconds"] if entry["cell"] == cell.folder.as_posix() else 0.0
            except (ValueError, TypeError, KeyError):
                continue
        return round(total, 1)


def read_outcome(cell: Cell, budget: Budget, folder: Path) -> Outcome | None:
    """What a finished run of just this cell came to; `None` if it is not finished, or was started otherwise.

    Args:
        budget: the limits it must have had.
        folder: the bench's.

    Raises:
        RunError: if what it left is damaged.
    """
    own = folder / cell.folder
    try:
        config, limits = read_arguments(own)
    except RunMissing:
        return None
    if (config, limits) != (as_recorded(cell.config), budget):
        return None
    state = state_of(own)
    if state.phase != "finished":
        return None
    path = own / "prompts.json"
    try:
        result = json.loads(path.read_bytes())["result"]
        return Outcome(
            cell,
            tuple(map(_measured, result["rows"])),
            result["cost"]["llm_calls"],
            result["cost"]["prompt_tokens"] + result["cost"]["completion_tokens"],
            state.candidates,
            Seconds(folder).of(cell),
            result["cost"]["usd"],
            result["stopped_by"],
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise RunError(
            f"{path} is damaged: {type(error).__name__}: {error}; delete the folder to run it again"
        ) from error


def _measured(row: Mapping[str, Any]) -> Measured:
    test, ahead = row["test"], row.get("winner_minus_this")
    if ahead is None:
        return Measured(str(row["name"]), str(row["role"]), int(test["n"]), float(test["top1"]))
    low, high = ahead["interval_95"]
    gain = float(ahead["top1"])
    return Measured(str(row["name"]), str(row["role"]), int(test["n"]), float(test["top1"]), gain, (low, high))
