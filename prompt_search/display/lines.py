"""Totals as lines, where nothing can be drawn over: in a pipe, a file, the log of a batch system."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from prompt_search.data.names.printable import printable
from prompt_search.display.totals import SHORTEST_WAIT, Totals, wait_sentence

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Lines", "Ticker"]

LONGEST_SILENCE = 10.0
TICK = 1.0


class Ticker:
    """Calls something again and again in a thread of its own, until it is stopped."""

    def __init__(self, beat: Callable[[], None], seconds: float = TICK) -> None:
        self._beat, self._seconds = beat, seconds
        self._ended = threading.Event()
        self._ended.set()

    def start(self) -> None:
        """Begin; may follow a `stop`."""
        self._ended = threading.Event()
        threading.Thread(target=self._go, args=(self._ended,), daemon=True).start()

    def stop(self) -> None:
        """End before the next call."""
        self._ended.set()

    def _go(self, ended: threading.Event) -> None:
        while not ended.wait(self._seconds):
            self._beat()


class Lines:
    """See `View`: a line for every phase, for a long wait, and where nothing else was said for nearly ten seconds.

    Args:
        quiet: notes only.
    """

    def __init__(self, console: "Console", totals: Totals, *, quiet: bool = False) -> None:
        self._console, self._totals, self._quiet = console, totals, quiet
        self._ticker = Ticker(self.beat)
        self._lock = threading.Lock()
        self._said_at = totals.clock()
        self._told_until = float("-inf")

    def start(self) -> None:
        """See `View.start`."""
        if not self._quiet:
            self._ticker.start()

    def stop(self) -> None:
        """See `View.stop`."""
        self._ticker.stop()

    def moved(self, *, new_phase: bool) -> None:
        """See `View.moved`."""
        wait = self._new_wait()
        if wait is not None:
            self._say(wait)
        elif new_phase and not self._quiet:
            self._say(printable(self._totals.status.phase))
        else:
            self.beat()

    def beat(self) -> None:
        """Say how far it is if nothing was said for so long that it would be ten seconds at the next look."""
        if not self._quiet and self._totals.clock() - self._said_at >= LONGEST_SILENCE - TICK:
            line = self._totals.line()
            self._say(line if self._totals.rows() else f"still {line}")

    def note(self, text: str) -> None:
        """See `View.note`; whole, for whoever searches a log."""
        with self._lock:
            self._said_at = self._totals.clock()
            self._console.print(text, markup=False, soft_wrap=True)

    def _say(self, text: str) -> None:
        self.note(f"[{self._totals.seconds():6.1f} s] {text}")

    def _new_wait(self) -> str | None:
        """A wait that a server asked for, if it is worth telling beyond those that are told."""
        until, now = self._totals.status.held_until, self._totals.clock()
        if until is None or until - now < SHORTEST_WAIT or until < self._told_until + SHORTEST_WAIT:
            return None
        self._told_until = until
        return wait_sentence(until - now)
