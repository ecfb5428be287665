"""A result in a notebook: a line, a first screen, a table of the search."""

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prompt_search.data.names.printable import counted, printable
from prompt_search.errors import RunMissing
from prompt_search.report.result import Result, Row

if TYPE_CHECKING:
    import pandas

__all__ = ["candidates", "first_screen", "one_line"]

MOST_TEMPLATES, MOST_ROWS = 5, 12
WIDTH, HEIGHT = 160, 14
"""Of the picture of one interval, in pixels."""


def one_line(result: Result) -> str:
    """The winner, how good it is, and where everything is."""
    low, high = result.winner.interval
    return (
        f"<Result: {printable(result.winner.name)}, {100 * result.winner.test.top1:.1f} % of {result.winner.test.n} "
        f"unseen images right (95 % interval {100 * low:.1f} to {100 * high:.1f}), in {printable(str(result.folder))}>"
    )


def first_screen(result: Result) -> str:
    """HTML that needs nothing else: the verdict, the rows on test, the first templates. All text is escaped."""
    remarks = "".join(f"<p>{_text(remark)}</p>" for remark in result.remarks())
    rows = "".join(_row(row, _reach(result)) for row in result.rows[:MOST_ROWS])
    templates = result.prompts.templates[:MOST_TEMPLATES]
    listed = "".join(f"<li><code>{_text(template)}</code></li>" for template in templates)
    head = "".join(f"<th style='text-align:left'>{name}</th>" for name in ("prompts", "test top-1", "winner ahead", ""))
    texts = counted(result.prompts.n_texts, "text")
    return (
        f"<div><p><b>{_text(result.verdict())}</b></p>{remarks}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{texts}, found by {_text(result.found_by)}{', among them' if listed else ''}</p>"
        f"<ul>{listed}</ul>"
        f"<p>Everything is in <code>{_text(str(result.folder))}</code>; see <code>report.html</code> there.</p></div>"
    )


def _text(text: str) -> str:
    return html.escape(printable(text))


def _reach(result: Result) -> float:
    """How far the longest interval reaches from 0, in [0.01, 1]."""
    ends = [abs(end) for row in result.rows[:MOST_ROWS] for end in row.gain_interval or ()]
    return max([0.01, *ends])


def _row(row: Row, reach: float) -> str:
    low, high = row.interval
    figures = f"{100 * row.test.top1:.1f} % <small>[{100 * low:.1f}, {100 * high:.1f}]</small>"
    gain = picture = ""
    if (interval := row.gain_interval) is not None:
        gain = f"{100 * row.winner_gain():+.1f} <small>[{100 * interval[0]:+.1f}, {100 * interval[1]:+.1f}]</small>"
        picture = _interval(row.winner_gain(), *interval, reach)
    name = f"<b>{_text(row.name)}</b>" if row.role == "winner" else _text(row.name)
    return (
        "<tr>"
        + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in (name, figures, gain, picture))
        + "</tr>"
    )


def _interval(value: float, low: float, high: float, reach: float) -> str:
    """A line for 0, one for the interval, a dot for the value: a small SVG in the colour of the text."""
    middle = HEIGHT / 2
    zero, x, left, right = (round(WIDTH / 2 * (1 + 0.95 * each / reach), 1) for each in (0.0, value, low, high))
    return (
        f"<svg width='{WIDTH}' height='{HEIGHT}' role='img' aria-label='{100 * low:+.1f} to {100 * high:+.1f} points'>"
        f"<path d='M{zero} 0V{HEIGHT}' stroke='currentColor' opacity='.4'/>"
        f"<path d='M{left} {middle}H{right}' stroke='currentColor' stroke-width='2'/>"
        f"<circle cx='{x}' cy='{middle}' r='3.5' fill='currentColor'/></svg>"
    )


def candidates(result: Result) -> "pandas.DataFrame":
    """A row for every candidate that was scored, in order; see `Result.to_frame`."""
    import pandas

    return pandas.DataFrame(_scored(result), columns=["calls", "fitness", "top1", "fitted_cross_entropy", "mean_recall",
                                                      "templates", "own_texts"]).rename_axis("order")  # fmt: skip


def _scored(result: Result) -> Iterator[dict[str, Any]]:
    """What the journal tells of every candidate."""
    from prompt_search.run.inputs import fitness_named
    from prompt_search.run.journal.events import Asked, ScoredCandidates
    from prompt_search.run.journal.journal import JOURNAL, facts_of, learn_texts, read_records, without_void
    from prompt_search.run.journal.recorded_texts import RecordedTexts

    path = result.folder / JOURNAL
    records = without_void(read_records(path))
    if not records:
        raise RunMissing(f"{result.folder} holds no run: nothing is recorded there")
    facts = facts_of(records, path)
    fitness = fitness_named(str(facts.identity["fitness"]))
    calls, recorded = 0, RecordedTexts(facts.classes)
    for record in records:
        event = record.event
        if isinstance(event, Asked):
            calls += len(event.replies) - event.refused
        if not isinstance(event, ScoredCandidates):
            continue
        learn_texts(recorded, record, path)
        for number, score in enumerate(event.scores):
            yield {
                "calls": calls,
                "fitness": round(fitness(score), 6),
                "top1": score.top1,
                "fitted_cross_entropy": score.fitted_cross_entropy,
                "mean_recall": score.mean_recall,
                "templates": tuple(event.candidates[number]["templates"]),
                "own_texts": recorded.own_texts(event, number),
            }
