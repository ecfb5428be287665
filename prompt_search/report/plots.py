"""The plots of a report: matplotlib's figures as SVG that takes its colours and its font from the page."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree

from prompt_search.data.names.printable import printable
from prompt_search.report.record import Phase, Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MISSING", "Interval", "Over", "change_plot", "forest_plot", "has_matplotlib", "search_plot"]

MISSING = "The plots need matplotlib: pip install '.[plot]' in a checkout, then `prompt-search report` on this folder."
WIDTH = 4.6
"""Inches of 72 units: small, so that letters stay legible on a phone."""
MOST_POINTS = 600
LETTERS = 50
"""That stand beside each other in a plot."""
Over = Literal["candidates", "calls", "dollars"]
INK, MUTED, WIN, BASE, PLACEBO, ADAPTER, SHADE = (f"#00000{number}" for number in range(1, 8))
COLOURS = {INK: "currentColor"} | {
    mark: f"var(--{name})"
    for mark, name in (
        (MUTED, "muted"), (WIN, "win"), (BASE, "base"), (PLACEBO, "placebo"), (ADAPTER, "adapter"), (SHADE, "shade"),
    )
}  # fmt: skip
"""Stand for the page's own, which differ by day and night."""
OF_ROLE = {"baseline": BASE, "first form": BASE, "compiled": BASE, "placebo": PLACEBO, "adapter": ADAPTER}
STYLE: Any = {  # matplotlib types the keys as literals
    "svg.fonttype": "none",
    "svg.hashsalt": "prompt-search",
    "font.size": 9,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "grid.color": MUTED,
    "grid.alpha": 0.25,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference in points of top-1, with its 95 % interval."""

    name: str
    role: str
    value: float
    low: float
    high: float


def has_matplotlib() -> bool:
    """Whether plots can be made here."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def forest_plot(rows: Sequence[Interval], label: str) -> str:
    """The winner against each row: a point and its interval for each, the name above it."""

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.axvline(0, color=INK, linewidth=1)
        edge = max(2.0, *(abs(end) for row in rows for end in (row.low, row.high))) * 1.08
        left = min(0.0, *(row.low for row in rows)) - 0.06 * edge
        axes.set_xlim(left, max(0.0, *(row.high for row in rows)) + 0.06 * edge)
        for place, row in enumerate(rows):
            colour = OF_ROLE.get(row.role, BASE)
            axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2.5, solid_capstyle="butt")
            axes.plot([row.value], [place], marker="o", color=colour, markersize=6)
            told = f"{row.value:+.1f} [{row.low:+.1f}, {row.high:+.1f}]"
            _line_above(axes, place, _short(row.name, 33), told)
        axes.set_ylim(len(rows) - 0.5, -0.75)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_xlabel("winner ahead by, in points of top-1 on test")

    return _svg(draw, "forest", label, height=0.7 + 0.38 * len(rows))


def search_plot(
    steps: Sequence[Step],
    phases: Sequence[Phase],
    baseline: Step | None,
    winner: Step | None,
    over: Over,
    reached: float,
    label: str,
    suffix: str = "",
) -> str:
    """Fitness above, top-1 below: every candidate a point, the best so far a line.

    Args:
        reached: how far the run has come on the axis.
        label: what the plot shows, for those who can't see it.
        suffix: of its ids, where a page has several.
    """
    where: Callable[[Step], float] = {
        "candidates": lambda step: float(step.order + 1),
        "calls": lambda step: float(step.calls),
        "dollars": lambda step: step.usd or 0.0,
    }[over]
    starts = {
        "candidates": [phase.first + 0.5 for phase in phases],
        "calls": [float(phase.calls) for phase in phases],
        "dollars": [phase.usd or 0.0 for phase in phases],
    }[over]
    end = max([reached, where(steps[-1]), *starts]) + (0.5 if over == "candidates" else 0)
    shown = steps[:: -(-len(steps) // MOST_POINTS)]

    def draw(figure: "Figure") -> None:
        upper, lower = figure.subplots(2, 1, sharex=True)
        panels: list[tuple[Axes, Callable[[Step], float], str]] = [
            (upper, lambda step: step.fitness, "fitness"),
            (lower, lambda step: 100 * step.score.top1, "top-1 in %"),
        ]
        for axes, figure_of, name in panels:
            _shade(axes, [*starts, end], [phase.name for phase in phases] if axes is upper else None)
            axes.scatter(
                [where(step) for step in shown], [figure_of(step) for step in shown], s=14, color=BASE, alpha=0.75, lw=0
            )
            _best_line(axes, steps, where, figure_of, end)
            if baseline is not None:
                axes.axhline(figure_of(baseline), color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
            if winner is not None:
                axes.plot([where(winner)], [figure_of(winner)], marker="*", markersize=13, color=WIN, markeredgewidth=0)
            axes.set_ylabel(name)
            axes.grid(axis="y")
            axes.locator_params(axis="x", nbins=6, integer=over != "dollars")
        lower.set_xlabel(
            {"candidates": "candidates scored", "calls": "calls of the language model", "dollars": "dollars"}[over]
        )

    return _svg(draw, f"search-{over}{suffix}", label, height=3.9)


def change_plot(names: Sequence[str], before: Sequence[float], after: Sequence[float], label: str) -> str:
    """Recall per class in percent: a line from before to after, the name above it."""

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        for place, (name, start, end) in enumerate(zip(names, before, after, strict=True)):
            axes.plot([start, end], [place, place], color=WIN if end >= start else PLACEBO, linewidth=2)
            axes.plot([start], [place], marker="o", color=BASE, markersize=5, linestyle="")
            better = WIN if end >= start else PLACEBO
            axes.plot([end], [place], marker="D", color=better, markersize=5.5, linestyle="")
            _line_above(axes, place, _short(name, 32), f"{start:.0f} → {end:.0f}  ({end - start:+.1f})")
        axes.set_ylim(len(names) - 0.5, -0.9)
        axes.set_yticks([])
        axes.set_xlim(-3, 103)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_xlabel("recall on test in %: before (dot), after (diamond)")

    return _svg(draw, "recall", label, height=0.7 + 0.34 * len(names))


def _line_above(axes: "Axes", place: float, left: str, right: str) -> None:
    """A line of text above an interval: its name, and its figures at the other end."""
    for x, text, side in ((0, left, "left"), (1, right, "right")):
        axes.annotate(
            text, (x, place), xytext=(0, 10), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", ha=side, annotation_clip=False,
        )  # fmt: skip


def _shade(axes: "Axes", edges: Sequence[float], names: Sequence[str] | None) -> None:
    """Every second phase has a ground of its own; their names stand above."""
    for number, (start, end) in enumerate(pairwise(edges)):
        if end <= start:
            continue
        if number % 2 == 0:
            axes.axvspan(start, end, color=SHADE, linewidth=0)
        if names is not None:
            room = int((end - start) / (edges[-1] - min(0.0, edges[0]) or 1.0) * LETTERS)
            if room > 3:
                axes.annotate(
                    _short(names[number], room), (start, 1), xycoords=("data", "axes fraction"), xytext=(2, 2),
                    textcoords="offset points", fontsize=8,
                )  # fmt: skip


def _best_line(
    axes: "Axes", steps: Sequence[Step], where: Callable[[Step], float], figure_of: Callable[[Step], float], end: float
) -> None:
    """The best so far, a corner for each new one."""
    xs: list[float] = []
    ys: list[float] = []
    for step in steps:
        if not ys or figure_of(step) > ys[-1]:
            xs.append(where(step))
            ys.append(figure_of(step))
    axes.plot([*xs, end], [*ys, ys[-1]], drawstyle="steps-post", color=WIN, linewidth=1.8)


def _short(text: str, most: int) -> str:
    text = printable(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _svg(draw: Callable[["Figure"], None], name: str, label: str, height: float) -> str:
    """The SVG of a figure; the same figure gives the same bytes."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    content = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # whatever style a person has of their own
        matplotlib.rcParams.update(STYLE)
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the page has its own fonts
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        figure.savefig(content, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _inline(content.getvalue(), name, label)


SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"


def _inline(content: bytes, name: str, label: str) -> str:
    """An SVG file as a part of a page: its own ids, the page's colours and font, a name for those who can't see it."""
    root = ElementTree.fromstring(content)  # noqa: S314 - matplotlib's own output
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.removeprefix(SVG) in ("metadata", "style"):
                parent.remove(child)
    referred = set(re.findall(r"#([\w-]+)[\")]|#([\w-]+)$", " ".join(_references(root))))
    known = {part for pair in referred for part in pair if part}
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        _adapt(element, name, known)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label, "class": "plot"}
    return ElementTree.tostring(root, encoding="unicode")


def _references(root: ElementTree.Element) -> list[str]:
    return [
        f'{value}"' for element in root.iter() for key, value in element.attrib.items() if key != "id" and "#" in value
    ]


def _adapt(element: ElementTree.Element, name: str, known: set[str]) -> None:
    attributes: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key == "id":
            if value in known:
                attributes["id"] = f"{name}-{value}"
        elif key == HREF:
            attributes["href"] = value.replace("#", f"#{name}-", 1)
        elif key == "clip-path":
            attributes[key] = value.replace("url(#", f"url(#{name}-", 1)
        else:
            attributes[key] = _coloured(value) if key == "style" else value
    element.attrib = attributes


def _coloured(style: str) -> str:
    style = re.sub(r"font-family:[^;]*;?\s*", "", style)
    style = re.sub(r"font: (?:\w+ )*?([\d.]+px) [^;]*", r"font-size: \1", style)
    return re.sub(r"#00000[1-7]\b", lambda mark: COLOURS[mark[0]], style)
