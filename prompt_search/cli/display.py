"""What a person sees of a run: live totals on a terminal, plain lines elsewhere."""

import datetime
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from prompt_search.data.names.printable import printable
from prompt_search.run.progress import Status

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

__all__ = ["Display", "note_line"]

REFRESH_SECONDS = 0.2
SHORTEST_WAIT = 5.0
"""Seconds of a wait that is told where there are no live totals."""
WARNING = "warning"
PACKAGES = ("evaluators", "optimizers", "prompt_search")


def note_line(message: str) -> str:
    """A note as a person sees it, marked as one unless it is a warning.

    >>> note_line("mine.txt is read as 3 templates")
    'note: mine.txt is read as 3 templates'
    """
    return printable(message if message.startswith(WARNING) else f"note: {message}")


class _Warnings(logging.Handler):
    """What the packages log as a warning, said like any other warning and not across the live totals."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        self._warn(f"warning: {record.getMessage()}")


class Display:
    """Shows a run's status on standard error; an `Observer`.

    Args:
        quiet: show warnings only.
    """

    def __init__(self, *, quiet: bool) -> None:
        from rich.console import Console

        self._console: Console = Console(stderr=True, highlight=False)
        self._quiet = quiet
        self._live: Live | None = None
        self._phase = ""
        self._log = _Warnings(self.warn)
        self._began = self._phase_began = time.monotonic()
        self._shown = 0.0
        self._told_until = float("-inf")

    def __enter__(self) -> "Display":
        for name in PACKAGES:
            logging.getLogger(name).addHandler(self._log)
        if self._console.is_terminal and not self._quiet:
            from rich.live import Live

            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        for name in PACKAGES:
            logging.getLogger(name).removeHandler(self._log)

    def update(self, status: Status) -> None:
        """See `Observer.update`."""
        now = time.monotonic()
        new_phase = status.phase != self._phase
        if new_phase:
            self._phase, self._phase_began = status.phase, now
        if self._live is not None:
            if new_phase or now - self._shown >= REFRESH_SECONDS:
                self._shown = now
                self._live.update(self._panel(status), refresh=True)
        elif self._is_new_wait(status, now):
            self._console.print(f"[{now - self._began:6.1f} s] {_wait(status, now)}", markup=False)
        elif new_phase and not self._quiet:
            self._console.print(f"[{now - self._began:6.1f} s] {status.phase}", markup=False)

    def _is_new_wait(self, status: Status, now: float) -> bool:
        """Whether a server asked for a wait worth telling, beyond those that are told."""
        until = status.held_until
        if until is None or until - now < SHORTEST_WAIT or until < self._told_until + SHORTEST_WAIT:
            return False
        self._told_until = until
        return True

    def warn(self, message: str) -> None:
        """See `Observer.warn`."""
        if message.startswith(WARNING) or not self._quiet:
            self._console.print(note_line(message), markup=False, soft_wrap=True)

    def confirm(self, question: str) -> bool:
        """Ask a person at a terminal whether to go on; in a pipe, and where nothing is shown, the answer is yes."""
        if self._live is None:
            return True
        import typer

        self._live.stop()
        answer = typer.confirm(question, default=False, err=True)
        self._live.start()
        return answer

    def _panel(self, status: Status) -> "Table":
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        table.add_row("now", status.phase)
        if status.total:
            table.add_row("images", self._rate(status))
        else:
            best = "-" if status.best_fitness is None else f"{status.best_fitness:.4f}"
            top1 = "" if status.best_top1 is None else f" (top-1 {100 * status.best_top1:.1f} % on search)"
            planned = f" of {status.llm_planned}" if status.llm_planned > status.llm_calls else ""
            table.add_row("best fitness", best + top1)
            table.add_row("candidates", str(status.candidates))
            table.add_row("LLM calls", f"{status.llm_calls}{planned}, {status.cache_hits} from the cache")
            if status.in_flight or status.waiting:
                retried = f", {status.retried} retried" if status.retried else ""
                table.add_row("calls", f"{status.in_flight} in flight, {status.waiting} waiting{retried}")
            if status.held_until is not None and status.held_until - time.monotonic() >= 1:
                table.add_row("waiting", _wait(status, time.monotonic()))
            if status.paid:
                table.add_row("paid", f"${status.paid:.4f} (calls in flight at their most)")
            table.add_row("tokens", f"{status.prompt_tokens} prompt, {status.completion_tokens} completion")
        table.add_row("time", f"{time.monotonic() - self._began:.0f} s")
        return table

    def _rate(self, status: Status) -> str:
        so_far = f"{status.done} of {status.total}"
        if not status.done:
            return so_far
        seconds = max(time.monotonic() - self._phase_began, 1e-3)
        left = (status.total - status.done) * seconds / status.done
        return f"{so_far}, {status.done / seconds:.0f}/s, {left:.0f} s left"


def _wait(status: Status, now: float) -> str:
    """How long the server wants to be left alone, and until when by the clock on the wall."""
    left = (status.held_until or now) - now
    end = datetime.datetime.now().astimezone() + datetime.timedelta(seconds=left)
    minutes, seconds = divmod(round(left), 60)
    length = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return f"the language model's server asks to be left alone for {length}, until {end:%H:%M:%S}"
