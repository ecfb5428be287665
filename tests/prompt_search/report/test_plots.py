"""Plots are functions of what is drawn alone: the same figures, the same bytes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from prompt_search.report import plots
from prompt_search.report.record import RunRecord, read_run
from prompt_search.run.journal.events import ScoredCandidates
from tests.prompt_search.conftest import World

ROWS = [plots.Interval("names only", "baseline", 3.0, -1.0, 7.5), plots.Interval("random", "placebo", 9.0, 4.0, 13.0)]


def of_search(record: RunRecord, words: str = "as they were") -> str:
    """The plot of a run's search, its candidates with other words."""
    steps = [replace(step, event=_said_otherwise(step.event, words)) for step in record.steps]
    winner, baseline = steps[-1], steps[0]
    return plots.search_plot(steps, record.phases, baseline, winner, "calls", float(record.calls), "label")


def _said_otherwise(event: ScoredCandidates, words: str) -> ScoredCandidates:
    return replace(event, candidates=tuple({"templates": [words], "texts": {}} for _ in event.candidates))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.forest_plot(ROWS, "label"),
        lambda: plots.change_plot(["cat", "dog"], [10.0, 80.0], [90.0, 70.0], "label"),
    ],
)
def test_the_same_figures_are_the_same_bytes(draw: Callable[[], str]) -> None:
    assert draw() == draw()


def test_a_search_is_drawn_from_its_figures_and_not_from_its_words(world: World) -> None:
    record = read_run(world.run().folder)
    drawn = of_search(record)
    assert drawn == of_search(record)
    assert drawn == of_search(record, "other words")
    fitter = [replace(step, fitness=step.fitness + step.order) for step in record.steps]
    assert drawn != of_search(replace(record, steps=tuple(fitter)))
