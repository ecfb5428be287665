"""The report of a run: one HTML file that needs nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optimizers import Archive
from prompt_search.data.names.printable import printable
from prompt_search.report.result import Result

__all__ = ["render_report"]

TEMPLATE = "report.html.jinja"
PLOT_WIDTH, PLOT_HEIGHT = 640, 200
MOST_DOTS = 1000
MOST_TEXTS = 200
"""Texts of one class or templates shown; the prompt file has them all."""


def render_report(result: Result, model: Mapping[str, Any], run: Mapping[str, Any], archive: Archive) -> str:
    """The report as HTML; every text of a person or a language model is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=lambda value: printable(value) if type(value) is str else value,  # no control characters, either
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    top1 = [entry.score.top1 for entry in archive]
    step = -(-len(top1) // MOST_DOTS)
    return environment.get_template(TEMPLATE).render(
        result=result,
        model=model,
        run=run,
        most_texts=MOST_TEXTS,
        confusions=_confusions(result),
        points=_points(top1)[::step],
        candidates=len(top1),
        step=step,
        lowest=min(top1),
        highest=max(top1),
        width=PLOT_WIDTH,
        height=PLOT_HEIGHT,
    )


def _confusions(result: Result) -> list[tuple[str, str, int]]:
    """The ten most frequent mistakes of the winner on test: true class, prediction, images."""
    names = [label.name for label in result.prompts.classes]
    return [(names[label], names[predicted], n) for label, predicted, n in result.winner.test.confusions[:10]]


def _points(top1: list[float]) -> list[tuple[float, float, float]]:
    """For every candidate in order: x, y of its top-1 on search, and y of the best so far, in pixels."""
    low, high = min(top1), max(top1)
    span = (high - low) or 1.0
    best = low
    points = []
    for i, value in enumerate(top1):
        best = max(best, value)
        x = 10 + (PLOT_WIDTH - 20) * i / max(1, len(top1) - 1)
        ys = [round(PLOT_HEIGHT - 10 - (PLOT_HEIGHT - 20) * (v - low) / span, 1) for v in (value, best)]
        points.append((round(x, 1), ys[0], ys[1]))
    return points
