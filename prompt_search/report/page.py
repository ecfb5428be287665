"""The report of a run, and several runs side by side: one HTML file that needs nothing else."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluators import Score
from prompt_search.data.names.printable import printable
from prompt_search.prompt_files.atomic import write_atomically
from prompt_search.report.changed_images import ChangedImages, changed_images
from prompt_search.report.plots import MISSING, Interval, Over, change_plot, forest_plot, has_matplotlib, search_plot
from prompt_search.report.readme import classify_snippet
from prompt_search.report.record import RunRecord, TestRow, read_run
from prompt_search.report.tables import (
    candidate_lines,
    matrices_of,
    pairs_of,
    prompts_of,
    provenance,
    recalls_of,
    settings_that_differ,
    where_it_comes_from,
)
from prompt_search.run.journal.event_lines import Record

if TYPE_CHECKING:
    from jinja2 import Environment

    from prompt_search.run.config import DataConfig

__all__ = ["REPORT", "render_comparison", "render_report", "write_report"]

REPORT = "report.html"
MOST_IN_PLOT = 30
"""Classes in the plot of recall; the table beside it has all."""


def write_report(
    folder: Path,
    data: "DataConfig | None",
    cache: Path,
    *,
    out: Path | None = None,
    images: bool = True,
    records: Sequence[Record] | None = None,
) -> Path:
    """Write the report of a run, whatever has become of it; the path of the file.

    Args:
        data: where the images are; without it there are no pictures.
        cache: where rows of Parquet files are kept.
        out: the file, by default `report.html` in the folder.
        images: whether pictures may be shown.
        records: of the journal, if they are at hand.

    Raises:
        PromptSearchError: if the folder holds no run, or what is in it can't be read or written.
    """
    record = read_run(folder, records)
    pictures = ChangedImages()
    if record.proof is not None and data is not None:
        pictures = changed_images(folder, record.classes, data, cache, wanted=images)
    path = out or folder / REPORT
    write_atomically(path, render_report(record, pictures).encode())
    return path


def render_report(record: RunRecord, pictures: ChangedImages) -> str:
    """The report as HTML; every text of a person or a language model is escaped."""
    return _page(
        "report.html.jinja",
        run=record,
        proof=record.proof,
        compared=record.compared,
        plots=_plots(record),
        gain=where_it_comes_from(record),
        recalls=recalls_of(record),
        matrices=matrices_of(record),
        pairs=pairs_of(record),
        pictures=pictures,
        prompts=prompts_of(record),
        candidates=candidate_lines(record),
        snippet=classify_snippet(record.file.model) if record.file and record.proof else None,
        provenance=provenance(record.file) if record.file else [],
    )


def render_comparison(records: Sequence[RunRecord]) -> str:
    """Several runs side by side."""
    rows = [
        Interval(_name(each), "baseline", 100 * (row.gain or 0), 100 * (row.low or 0), 100 * (row.high or 0))
        for each in records
        if (row := each.compared) is not None
    ]
    forest = has_matplotlib() and rows
    return _page(
        "comparison.html.jinja",
        runs=[(_name(each), each) for each in records],
        forest=_safe(forest_plot(rows, "gain of each run's winner over its baseline")) if forest else None,
        searches=[(_name(each), _search(each, "candidates", f"-{number}")) for number, each in enumerate(records)],
        settings=settings_that_differ(records),
        same_images=len({_images(each) for each in records}) == 1,
        missing=MISSING if not has_matplotlib() else None,
    )


def _page(template: str, **context: Any) -> str:  # noqa: ANN401 - whatever the template shows
    from markupsafe import Markup

    script = Path(__file__).with_name("sort.js.jinja").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = Path(__file__).with_name("style.css.jinja").read_text(encoding="utf-8")
    fixed = {"script": Markup(script), "script_digest": digest, "style": Markup(style)}  # noqa: S704 - our own files
    return _templates().get_template(template).render(fixed | context)


@cache
def _templates() -> "Environment":
    """The templates beside this file, each compiled once."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=lambda value: printable(value) if type(value) is str else value,  # no control characters, either
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class _Plots:
    """SVG of each, or `None`; `missing` says how to get them."""

    forest: str | None = None
    searches: tuple[tuple[str, str], ...] = ()
    recall: str | None = None
    missing: str | None = None


def _plots(record: RunRecord) -> _Plots:
    if not has_matplotlib():
        return _Plots(missing=MISSING)
    overs: list[Over] = ["candidates"]
    if record.calls:
        overs.append("calls")
    if record.usd:
        overs.append("dollars")
    searches = [(over, svg) for over in overs if (svg := _search(record, over))]
    return _Plots(_forest(record), tuple(searches), _recall_plot(record))


def _forest(record: RunRecord) -> str | None:
    rows = [
        Interval(row.name, row.role, 100 * row.gain, 100 * row.low, 100 * row.high)
        for row in (record.proof.rows if record.proof else ())
        if row.gain is not None and row.low is not None and row.high is not None
    ]
    told = "; ".join(f"{row.name} {row.value:+.1f} ({row.low:+.1f} to {row.high:+.1f})" for row in rows)
    label = printable(f"Winner ahead of each, in points of top-1 on test with 95 % intervals: {told}")
    return _safe(forest_plot(rows, label)) if rows else None


def _search(record: RunRecord, over: Over, suffix: str = "") -> str | None:
    if not record.steps or not has_matplotlib():
        return None
    baseline = next((step for step in record.baselines if record.compared and _same(step.score, record.compared)), None)
    baseline = baseline or max(record.baselines, key=lambda step: step.fitness, default=None)
    best = record.best[0]
    label = (
        f"Fitness and top-1 on the search images of {len(record.steps)} candidates over {over}; the best has fitness "
        f"{best.fitness:.4f} and top-1 {100 * best.score.top1:.1f} %"
    )
    reached = {"candidates": float(len(record.steps)), "calls": float(record.calls), "dollars": record.usd or 0.0}[over]
    svg = search_plot(record.steps, record.phases, baseline, record.winning_step, over, reached, label, suffix)
    return _safe(svg)


def _safe(svg: str) -> str:
    from markupsafe import Markup

    return Markup(svg)  # noqa: S704 - written by an XML serializer, which escapes every text


def _same(score: Score, row: TestRow) -> bool:
    return row.search is not None and (score.cross_entropy, score.top1) == (row.search.cross_entropy, row.search.top1)


def _recall_plot(record: RunRecord) -> str | None:
    rows = [row for row in recalls_of(record) if row.before is not None]
    if not rows:
        return None
    if len(rows) > MOST_IN_PLOT:
        rows = rows[: MOST_IN_PLOT // 2] + rows[-MOST_IN_PLOT // 2 :]
    told = "; ".join(f"{row.name} {row.before:.0f} to {row.after:.0f}" for row in rows)
    label = printable(f"Recall on test in percent before and after, class by class: {told}")
    names, before, after = zip(*((row.name, row.before or 0.0, row.after) for row in rows), strict=True)
    return _safe(change_plot(names, before, after, label))


def _images(record: RunRecord) -> str:
    return str(record.facts.identity.get("data")) if record.facts else ""


def _name(record: RunRecord) -> str:
    return record.folder.name or str(record.folder)
