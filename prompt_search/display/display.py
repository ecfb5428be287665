"""Shows a person how far a run or a command is: an `Observer` with a beginning and an end."""

import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from prompt_search.data.names.printable import printable
from prompt_search.display.totals import Totals
from prompt_search.run.progress import Status

__all__ = ["Display", "View", "note_line"]

WARNING = "warning"
PACKAGES = ("evaluators", "optimizers", "prompt_search")


class View(Protocol):
    """One way of showing totals. `moved` and `note` may come from any thread."""

    def start(self) -> None:
        """Begin to show them, and go on by itself; may follow a `stop`."""
        ...

    def stop(self) -> None:
        """Show them no more."""
        ...

    def moved(self, *, new_phase: bool) -> None:
        """The totals have changed."""
        ...

    def note(self, text: str) -> None:
        """Show a line that stays."""
        ...


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
    """Live totals on a terminal and in a notebook, lines on standard error elsewhere.

    It shows something from `with` on, whatever the program is busy with; within one `with` others change nothing.

    Args:
        quiet: show warnings only.
        clock: seconds, as `time.monotonic`.
        view: by default the one that suits the place the program runs in.
    """

    def __init__(
        self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic, view: View | None = None
    ) -> None:
        self._quiet, self._clock = quiet, clock
        self._totals = Totals(clock)
        self._given = self._view = view
        self._log = _Warnings(self.warn)
        self._depth = 0

    def __enter__(self) -> "Display":
        self._depth += 1
        if self._depth == 1:
            self._totals = Totals(self._clock)
            self._view = self._given or _suitable(self._totals, quiet=self._quiet)
            for name in PACKAGES:
                logging.getLogger(name).addHandler(self._log)
            self._view.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0 and self._view is not None:
            self._view.stop()
            for name in PACKAGES:
                logging.getLogger(name).removeHandler(self._log)

    def update(self, status: Status) -> None:
        """See `Observer.update`."""
        new_phase = self._totals.take(status)
        if self._view is not None:
            self._view.moved(new_phase=new_phase)

    def warn(self, message: str) -> None:
        """See `Observer.warn`."""
        if message.startswith(WARNING) or not self._quiet:
            view = self._view or _suitable(self._totals, quiet=self._quiet)
            view.note(note_line(message))

    def confirm(self, question: str) -> bool:
        """Ask a person at a terminal whether to go on; in a pipe, and where nothing is shown, the answer is yes."""
        if self._quiet or self._view is None or not sys.stderr.isatty():
            return True
        import typer

        self._view.stop()
        answer = typer.confirm(question, default=False, err=True)
        self._view.start()
        return answer


def _suitable(totals: Totals, *, quiet: bool) -> View:
    """A way of showing them that suits the place the program runs in."""
    from rich.console import Console

    from prompt_search.display.lines import Lines
    from prompt_search.display.live import LiveTotals
    from prompt_search.display.notebook import NotebookTotals, is_notebook

    console = Console(stderr=True, highlight=False, force_jupyter=False)
    if is_notebook() and not quiet:
        return NotebookTotals(totals)
    return LiveTotals(console, totals) if console.is_terminal and not quiet else Lines(console, totals, quiet=quiet)
