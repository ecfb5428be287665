"""Live totals in Jupyter: one output that is written over, and keeps the notes at its end."""

import html
import sys
import threading
import warnings
from typing import Any

from prompt_search.display.lines import Ticker
from prompt_search.display.totals import Totals

__all__ = ["NotebookTotals", "is_notebook", "totals_html"]

KERNELS = ("ZMQInteractiveShell", "Shell")
"""Of Jupyter, and of Colab; a plain IPython prompt is a terminal."""


def is_notebook() -> bool:
    """Whether this program runs in a notebook's kernel."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell: object = get_ipython()
    return type(shell).__name__ in KERNELS


def totals_html(totals: Totals, notes: list[str], *, ended: bool) -> str:
    """The totals as HTML, all text escaped.

    >>> totals_html(Totals(lambda: 0.0), ["note: <b> is a class"], ended=True)
    '<div><b>starting</b> 0 s<ul><li>note: &lt;b&gt; is a class</li></ul></div>'
    """
    share = totals.share()
    known = "" if share is None else f' value="{share:.4f}"'
    bar = "" if ended else f'<br><progress style="width:20em"{known}></progress>'
    rows = "".join(f"<br>{html.escape(label)}: {html.escape(text)}" for label, text in totals.rows())
    said = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    head = f"<b>{html.escape(totals.status.phase)}</b> {totals.seconds():.0f} s"
    return f"<div>{head}{bar}{rows}{f'<ul>{said}</ul>' if said else ''}</div>"


class NotebookTotals:
    """See `View`."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals
        self._notes: list[str] = []
        self._ticker = Ticker(self.draw)
        self._handle: Any = None
        self._lock = threading.Lock()
        self._going = True

    def start(self) -> None:
        """See `View.start`."""
        from IPython.display import HTML, display

        # tqdm, which comes with other packages, asks for a package of bars that these totals do without.
        warnings.filterwarnings("ignore", message="IProgress not found")
        self._going = True
        if self._handle is None:
            self._handle = display(HTML(totals_html(self._totals, self._notes, ended=False)), display_id=True)
        self._ticker.start()

    def stop(self) -> None:
        """See `View.stop`."""
        self._ticker.stop()
        self._going = False
        self.draw()

    def moved(self, *, new_phase: bool) -> None:
        """See `View.moved`; the next look is within a second."""
        if new_phase:
            self.draw()

    def note(self, text: str) -> None:
        """See `View.note`."""
        self._notes.append(text)
        self.draw()

    def draw(self) -> None:
        """Write over what is shown."""
        from IPython.display import HTML

        with self._lock:  # so that a beat that is late can't write over the end
            if self._handle is not None:
                self._handle.update(HTML(totals_html(self._totals, self._notes, ended=not self._going)))
