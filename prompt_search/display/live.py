"""Live totals on a terminal: a spinner, a clock and bars that move by themselves."""

from typing import TYPE_CHECKING

from prompt_search.data.names.printable import printable
from prompt_search.display.totals import Totals

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

__all__ = ["LiveTotals", "panel"]

REFRESHES = 8
"""A second, by rich's own thread: the totals move while this one loads torch or waits for a server."""

BAR = 40
"""Columns of a bar, where there are as many."""


class _Anew:
    """Drawn anew from the totals at every refresh."""

    def __init__(self, totals: Totals) -> None:
        from rich.spinner import Spinner

        self._totals, self._spinner = totals, Spinner("dots")

    def __rich__(self) -> "RenderableType":
        return panel(self._totals, self._spinner)


def panel(totals: Totals, spinner: "RenderableType") -> "RenderableType":
    """The phase beside the spinner, a bar, and the totals row by row."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 1))
    head.add_row(spinner, Text(printable(totals.status.phase)), Text(f"{totals.seconds():.0f} s", style="dim"))
    share = totals.share()
    bar = Table.grid()
    bar.add_row(ProgressBar(100, 0 if share is None else 100 * share, width=BAR, pulse=share is None))
    rows = Table.grid(padding=(0, 2))
    for label, text in totals.rows():
        rows.add_row(Text(label, style="dim"), Text(text))
    return Group(head, bar, rows)


class LiveTotals:
    """See `View`."""

    def __init__(self, console: "Console", totals: Totals) -> None:
        self._console, self._totals = console, totals
        self._live: Live | None = None

    def start(self) -> None:
        """See `View.start`."""
        from rich.live import Live

        self._live = Live(
            _Anew(self._totals), console=self._console, refresh_per_second=REFRESHES, transient=True
        )  # what was printed is put above
        self._live.start(refresh=True)

    def stop(self) -> None:
        """See `View.stop`."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    @property
    def is_refreshing(self) -> bool:
        """Whether a thread draws the totals again and again."""
        return self._live is not None and self._live.auto_refresh

    def moved(self, *, new_phase: bool) -> None:
        """See `View.moved`; the next refresh is soon."""

    def note(self, text: str) -> None:
        """See `View.note`."""
        self._console.print(text, markup=False, overflow="fold")
