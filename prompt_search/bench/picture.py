"""The picture of a bench: gains with intervals, one panel for every image set and number of shots, as SVG."""

import importlib.util
import io
from typing import TYPE_CHECKING

from prompt_search.bench.table import BenchTable, Section, TableRow
from prompt_search.data.names.printable import printable
from prompt_search.report.result import PROBE, RANDOM_WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "is_drawable"]

WIDTH = 7.0
ROW = 0.32
"""Inches."""

MARKS = {RANDOM_WORDS: ("x", "tab:orange", "random words, selected in the same way"), PROBE: ("|", "tab:green", PROBE)}
"""What is drawn in a strategy's line beside it: marker, colour, legend."""


def is_drawable() -> bool:
    """Whether matplotlib is here."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(table: BenchTable) -> bytes:
    """An SVG file; equal for equal tables.

    Raises:
        ImportError: without matplotlib.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    sections = table.sections
    heights = [1.0 + ROW * len(_lines(section)) for section in sections]
    with mpl.rc_context({"svg.hashsalt": "prompt-search", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(WIDTH, sum(heights) + 0.6), layout="constrained")
        axes = figure.subplots(len(sections), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
        for place, section in zip(axes, sections, strict=True):
            _panel(place, section, table.against)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Title": printable(table.title)})
    return out.getvalue()


def _lines(section: Section) -> list[TableRow]:
    """Strategies and baselines with a gain, in the table's order."""
    return [row for row in section.rows if not row.beside and row.gain is not None]


def _panel(axes: "Axes", section: Section, against: str) -> None:
    lines = _lines(section)
    places = list(range(len(lines)))[::-1]
    axes.axvline(0, color="0.6", linewidth=0.8)
    for place, row in zip(places, lines, strict=True):
        _line(axes, place, row, first=place == places[0])
    for name, (marker, colour, label) in MARKS.items():
        gains = {row.beside: row.gain for row in section.rows if row.name == name and row.gain is not None}
        drawn = [(gains[row.name], place) for place, row in zip(places, lines, strict=True) if row.name in gains]
        axes.plot(
            [100 * gain for gain, _ in drawn], [place for _, place in drawn], marker, color=colour, label=label, ms=6
        )
    axes.set_yticks(places, [printable(row.name) for row in lines], parse_math=False)
    axes.set_title(printable(section.title), loc="left", parse_math=False)
    axes.set_xlabel(f"gain in points of test top-1 over {printable(against)}, 95 % intervals", parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)


def _line(axes: "Axes", place: int, row: TableRow, *, first: bool) -> None:
    assert row.gain is not None
    low, high = row.gain_interval or (row.gain, row.gain)
    colour = "tab:blue" if row.kind == "strategy" else "0.5"
    axes.plot([100 * low, 100 * high], [place, place], color=colour, linewidth=1.2)
    label = "what the strategy hands over" if first and row.kind == "strategy" else None
    axes.plot([100 * row.gain], [place], "o", color=colour, ms=5, label=label)
