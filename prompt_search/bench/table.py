"""The table of a bench: means over seeds, gains with paired tests, placebos, adapters, and what it all took."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

from prompt_search.bench.bench_file import BenchFile
from prompt_search.bench.outcome import Measured, Outcome
from prompt_search.data.names.printable import printable
from prompt_search.report.result import NO_WORDS, PROBE, RANDOM_WORDS
from prompt_search.report.statistics import Mean, MeanGain, holm, wilson_interval

__all__ = ["COLUMNS", "BenchTable", "Section", "TableRow"]

Kind = Literal["baseline", "strategy", "first form", "compiled", "placebo", "adapter"]
BESIDE: tuple[Kind, ...] = ("first form", "compiled", "placebo", "adapter")
Interval = tuple[float, float]

COLUMNS = ("top-1 in %", "gain in points", "p (Holm)", "strategy ahead by", "calls", "scored", "seconds")
SHOWN_BESIDE = (RANDOM_WORDS, NO_WORDS, PROBE, "Tip-Adapter, from the winner")
"""Of what stands beside a strategy, what a page has room for; the CSV has all of it."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line: means over the seeds of one section. Shares are in [0, 1].

    Attributes:
        data, shots: the section.
        kind: a baseline, a strategy, or what stands beside a strategy's winner (`beside`).
        seeds: how many there are.
        top1: with a 95 % interval (Wilson) for a sample of as many test images as there were.
        gain: over the baseline of the table; `None` where that is the row itself. A strategy's has a 95 % interval for
            the draws of the seeds and the test images together, and `p` of a paired test; `p_holm` is corrected for all
            tests of the table.
        ahead: of what stands beside a strategy, how far the strategy's winner is ahead of it, interval as above: over
            random words that were selected in the same way that is what its words are worth.
        calls, tokens, evaluations, seconds, usd: of one run.
        stopped: runs that a limit ended early.
    """

    data: str
    shots: int | None
    name: str
    kind: Kind
    beside: str
    seeds: int
    top1: float
    top1_interval: Interval
    gain: float | None = None
    gain_interval: Interval | None = None
    p: float | None = None
    p_holm: float | None = None
    ahead: float | None = None
    ahead_interval: Interval | None = None
    calls: float | None = None
    tokens: float | None = None
    evaluations: float | None = None
    seconds: float | None = None
    usd: float | None = None
    stopped: int = 0

    def cells(self) -> tuple[str, ...]:
        """What a page shows under `COLUMNS`."""
        return (
            f"{100 * self.top1:.1f} {_span(self.top1_interval, '.1f')}",
            _points(self.gain, self.gain_interval),
            "" if self.p_holm is None else f"{self.p_holm:.3f}",
            _points(self.ahead, self.ahead_interval),
            *("" if number is None else f"{number:.0f}" for number in (self.calls, self.evaluations, self.seconds)),
        )


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one image set with one number of shots: strategies, then baselines, placebos, adapters."""

    title: str
    rows: tuple[TableRow, ...]

    @property
    def shown(self) -> tuple[TableRow, ...]:
        """Those a page has room for."""
        return tuple(row for row in self.rows if not row.beside or row.name in SHOWN_BESIDE)


@dataclass(frozen=True, slots=True)
class BenchTable:
    """What a bench came to.

    Attributes:
        rows: of all sections.
        missing: cells that are not finished, each with the reason where there is one.
    """

    title: str
    against: str
    rows: tuple[TableRow, ...]
    missing: tuple[str, ...] = ()
    cells: int = 0

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], file: BenchFile, failed: Mapping[str, str] | None = None) -> "BenchTable":
        """The table of finished cells; `failed` has the reasons of those that failed, by the cell."""
        rows: list[TableRow] = []
        for data in file.data:
            for shots in file.shots:
                own = [o for o in outcomes if (o.cell.data, o.cell.shots) == (data.name, shots)]
                rows += _section(own, [strategy.name for strategy in file.strategies], file.against)
        corrected = iter(holm([row.p for row in rows if row.p is not None]))
        rows = [row if row.p is None else replace(row, p_holm=next(corrected)) for row in rows]
        done = {str(outcome.cell) for outcome in outcomes}
        missing = [str(cell) for cell in file.cells() if str(cell) not in done]
        reasons = failed or {}
        told = [f"{cell}: {reasons[cell]}" if cell in reasons else cell for cell in missing]
        return cls(file.title, file.against, tuple(rows), tuple(told), len(done))

    @property
    def sections(self) -> tuple[Section, ...]:
        """The rows by image set and shots."""
        keys = dict.fromkeys((row.data, row.shots) for row in self.rows)
        return tuple(
            Section(
                data + ("" if shots is None else f", {shots} + {shots} images a class"),
                tuple(row for row in self.rows if (row.data, row.shots) == (data, shots)),
            )
            for data, shots in keys
        )

    def notes(self) -> list[str]:
        """What the figures are, and what is missing, in sentences."""
        tests = sum(row.p is not None for row in self.rows)
        seeds = sorted({row.seeds for row in self.rows})
        count = "one seed" if seeds == [1] else f"{' to '.join(map(str, dict.fromkeys((seeds[0], seeds[-1]))))} seeds"
        said = [
            f"Means over {count}. Intervals are of 95 %: of top-1 for a sample of as many test images (Wilson), of "
            "gains for the draws of the seeds and the test images, which all seeds share, together.",
            f"Gains are over {self.against}; p is of a paired test of images and seeds, corrected for the {tests} "
            "tests of this table (Holm).",
            "Beside a strategy stands what was made from the same images: random words selected in the same way (how "
            "far the strategy is ahead of them is what its words are worth; one that does not select is compared with "
            "a selection that it did not make itself), a linear probe and Tip-Adapter from its winner.",
            "Calls, scored candidates and seconds are of one run. What a selection tries inside is no candidate; "
            "seconds are short where replies and features came from a cache.",
        ]
        stopped = [f"{row.name} ({row.data}) {row.stopped} of {row.seeds}" for row in self.rows if row.stopped]
        if stopped:
            said.append(f"Runs that a limit ended early: {', '.join(stopped)}.")
        if self.missing:
            said.append(f"Not finished, {len(self.missing)} of {len(self.missing) + self.cells} runs: ")
            said[-1] += "; ".join(self.missing[:10]) + ("; ..." if len(self.missing) > 10 else ".")
        return [printable(each) for each in said]

    def markdown(self) -> str:
        """The table as a page."""
        lines = [f"# {_in_cell(self.title)}", ""]
        for section in self.sections:
            lines += [f"## {_in_cell(section.title)}", "", f"| | {' | '.join(COLUMNS)} |"]
            lines.append("|---" * (len(COLUMNS) + 1) + "|")
            lines += [f"| {_name(row)} | {' | '.join(row.cells())} |" for row in section.shown]
            lines.append("")
        return "\n".join([*lines, *(f"- {_in_cell(note)}" for note in self.notes())]) + "\n"

    def csv(self) -> str:
        """Every row with every figure; an interval as two columns."""
        out = io.StringIO()
        names = [name for field in fields(TableRow) for name in _csv_names(field.name)]
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            writer.writerow(_csv_values(row))
        return out.getvalue()


def _section(outcomes: Sequence[Outcome], strategies: Sequence[str], against: str) -> list[TableRow]:
    """The rows of one image set with one number of shots."""
    by_strategy = {name: [o for o in outcomes if o.cell.strategy == name] for name in strategies}
    reference = {o.cell.seed: row.top1 for o in outcomes if (row := o.row(against)) is not None}
    rows = [_strategy(name, own, against) for name, own in by_strategy.items() if own]
    for name in _names(outcomes, "baseline"):
        found = {o.cell.seed: (o, row) for o in outcomes if (row := o.row(name)) is not None}
        rows.append(_row(name, "baseline", "", list(found.values()), {} if name == against else reference))
    for kind in BESIDE:
        for strategy, own in by_strategy.items():
            for name in _names(own, kind):
                found_beside = [(o, row) for o in own if (row := o.row(name)) is not None]
                rows.append(_ahead(_row(name, kind, strategy, found_beside, reference), found_beside))
    return rows


def _names(outcomes: Sequence[Outcome], kind: Kind) -> Iterable[str]:
    return dict.fromkeys(row.name for outcome in outcomes for row in outcome.rows if row.role == kind)


def _row(
    name: str, kind: Kind, beside: str, found: Sequence[tuple[Outcome, Measured]], reference: Mapping[int, float]
) -> TableRow:
    """What there is of a row on some seeds, and its mean gain on those that the reference has."""
    cell, n = found[0][0].cell, found[0][1].n
    top1 = Mean.of([measured.top1 for _, measured in found]).value
    gains = [measured.top1 - reference[o.cell.seed] for o, measured in found if o.cell.seed in reference]
    interval = wilson_interval(round(top1 * n), n)
    gain = Mean.of(gains).value if gains else None
    return TableRow(cell.data, cell.shots, name, kind, beside, len(found), top1, interval, gain)


def _ahead(row: TableRow, found: Sequence[tuple[Outcome, Measured]]) -> TableRow:
    """With how far the winners are ahead of it."""
    lead = MeanGain.of([m.winner_ahead for _, m in found], [m.interval or (0.0, 0.0) for _, m in found])
    return replace(row, ahead=lead.value, ahead_interval=lead.interval)


def _strategy(name: str, outcomes: Sequence[Outcome], against: str) -> TableRow:
    """A strategy's winners, their gain image by image, and what they took."""
    row = _row(name, "strategy", "", [(o, o.winner) for o in outcomes], {})
    beaten = [found for o in outcomes if (found := o.row(against)) is not None]
    if beaten:
        gain = MeanGain.of([b.winner_ahead for b in beaten], [b.interval or (0.0, 0.0) for b in beaten])
        row = replace(row, gain=gain.value, gain_interval=gain.interval, p=gain.p)
    dollars = [o.usd for o in outcomes if o.usd is not None]

    def mean(value: Callable[[Outcome], float]) -> float:
        return Mean.of([value(o) for o in outcomes]).value

    return replace(
        row,
        calls=mean(lambda o: o.calls),
        tokens=mean(lambda o: o.tokens),
        evaluations=mean(lambda o: o.evaluations),
        seconds=mean(lambda o: o.seconds),
        usd=Mean.of(dollars).value if dollars else None,
        stopped=sum(o.stopped_by is not None for o in outcomes),
    )


def _points(value: float | None, interval: Interval | None) -> str:
    if value is None:
        return ""
    return f"{100 * value:+.1f}" + (f" {_span(interval, '+.1f')}" if interval else "")


def _span(interval: Interval, form: str) -> str:
    low, high = interval
    return f"[{100 * low:{form}}, {100 * high:{form}}]"


def _name(row: TableRow) -> str:
    name = _in_cell(row.name)
    if row.beside:
        return f"{_in_cell(row.beside)}: {name}"
    return f"**{name}**" if row.kind == "strategy" else name


def _in_cell(text: str) -> str:
    """A text as Markdown shows it in a table, whatever it holds."""
    return "".join(f"\\{c}" if c in "\\|<>[]`*_" else c for c in printable(text))


def _csv_names(name: str) -> Iterable[str]:
    return (f"{name}_low", f"{name}_high") if name.endswith("interval") else (name,)


def _csv_values(row: TableRow) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in asdict(row).items():
        parts = (value or (None, None)) if name.endswith("interval") else (value,)
        for column, part in zip(_csv_names(name), parts, strict=True):
            values[column] = round(part, 6) if isinstance(part, float) else part
    return values
