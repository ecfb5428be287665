"""A result as a figure of matplotlib: the winner against the others, and the search."""

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prompt_search.data.names.printable import printable
from prompt_search.report.notebook import candidates
from prompt_search.report.result import Result

__all__ = ["ResultFigure"]

MOST_NAME = 40


class ResultFigure(Figure):
    """Left the winner against each other row on the test images, right the search, candidate by candidate.

    Made without pyplot, so no window or backend is needed; a notebook shows it, and `savefig` writes it.
    """

    def __init__(self, result: Result) -> None:
        super().__init__(figsize=(11, 4.5), layout="constrained")
        gains, search = self.subplots(1, 2)
        _draw_gains(gains, result)
        _draw_search(search, result)

    def _repr_svg_(self) -> str:
        written = io.StringIO()
        self.savefig(written, format="svg")
        return written.getvalue()


def _draw_gains(axes: Axes, result: Result) -> None:
    """A dot and its 95 % interval per row, the first row above."""
    rows = [(row, row.gain_interval) for row in result.rows]
    compared = [(row, interval) for row, interval in rows if interval is not None]
    for place, (row, (low, high)) in enumerate(compared):
        axes.plot([100 * low, 100 * high], [place, place], color="C0", linewidth=2)
        axes.plot([100 * row.winner_gain()], [place], "o", color="C0")
    names = [_plain(row.name) for row, _ in compared]
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.invert_yaxis()
    axes.axvline(0, color="gray", linewidth=1)
    axes.set_xlabel("winner ahead, points of top-1 on test (95 % interval)")


def _draw_search(axes: Axes, result: Result) -> None:
    """Every candidate's top-1 on the search images, and the best so far."""
    top1 = 100 * candidates(result)["top1"]
    axes.plot(top1.index, top1, ".", color="C1", label="candidate")
    axes.plot(top1.index, top1.cummax(), color="C0", drawstyle="steps-post", label="best so far")
    axes.set_xlabel("candidate, in the order of the search")
    axes.set_ylabel("top-1 on the search images, %")
    axes.legend(loc="lower right")


def _plain(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= MOST_NAME else f"{shown[: MOST_NAME - 1]}…"
