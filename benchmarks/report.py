"""What was measured, as a table, as JSON, and as the page `RESULTS.md`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.measure import Comparison, Figure, hardware, versions

__all__ = ["Measured", "Report", "merged", "results_page", "table"]

Measured = Comparison | Figure


@dataclass(frozen=True)
class Report:
    """Figures of one machine.

    Args:
        machine: as `hardware` describes it.
        versions: of the packages.
        measured: the figures, each under its own name.
    """

    machine: Mapping[str, str | int]
    versions: Mapping[str, str]
    measured: tuple[Measured, ...]

    @classmethod
    def of(cls, device: str, measured: Sequence[Measured]) -> "Report":
        """Figures measured here and now."""
        return cls(hardware(device), versions(), tuple(measured))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; comparisons get their ratio."""
        return {
            "machine": dict(self.machine),
            "versions": dict(self.versions),
            "comparisons": [asdict(m) | {"ratio": m.ratio} for m in self.measured if isinstance(m, Comparison)],
            "figures": [asdict(m) for m in self.measured if isinstance(m, Figure)],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Report":
        """The report `to_json` gave."""
        comparisons = [{k: v for k, v in row.items() if k != "ratio"} for row in content["comparisons"]]
        measured: list[Measured] = [Comparison(**row) for row in comparisons]
        measured += [Figure(**row) for row in content["figures"]]
        return cls(content["machine"], content["versions"], tuple(measured))


def merged(old: Report, new: Report) -> Report:
    """Both reports' figures, the new one's where both have one; of the new one alone if machine or versions differ."""
    if (old.machine, old.versions) != (new.machine, new.versions):
        return new
    rows = {row.name: row for row in (*old.measured, *new.measured)}
    return Report(new.machine, new.versions, tuple(rows.values()))


def table(measured: Sequence[Measured]) -> str:
    """Lines for a terminal.

    >>> print(table([Comparison("text", "10 texts", "one by one", "texts/s", 20, 100, 1e-7, goal=4)]))
    text: 10 texts
      one by one 20 texts/s, ours 100 texts/s, ratio 5 (goal 4), largest difference 1e-07
    """
    return "\n".join(line for row in measured for line in _lines(row))


def _lines(row: Measured) -> list[str]:
    note = [f"  {row.note}"] if row.note else []
    if isinstance(row, Figure):
        limit = "" if row.at_most is None else f" (at most {_number(row.at_most)})"
        return [f"{row.name}: {row.claim}", f"  {_number(row.value)} {row.unit}{limit}", *note]
    goal = "" if row.goal is None else f" (goal {_number(row.goal)})"
    difference = "" if row.difference is None else f", largest difference {row.difference:.0e}"
    rates = f"{row.peer} {_number(row.peer_rate)} {row.unit}, ours {_number(row.our_rate)} {row.unit}"
    return [f"{row.name}: {row.claim}", f"  {rates}, ratio {_number(row.ratio)}{goal}{difference}", *note]


def results_page(reports: Mapping[str, Report | None], benches: Sequence[str] = ()) -> str:
    """The page `RESULTS.md`: the tables of benches, then a section for every set, whether measured or not."""
    head = [
        "# Results",
        "",
        "Written by `python -m benchmarks --write` and `--keep`, not by hand.",
        *(line for page in benches for line in ("", *_one_deeper(page))),
        "",
        "## Speed",
        "",
        "Peer and ours ran in turn on one machine; each rate is from the fastest of a few short runs. What stands",
        "behind a row is in `benchmarks/`.",
    ]
    sections = [_section(name, report) for name, report in reports.items()]
    return "\n".join([*head, *(line for section in sections for line in ("", *section))]) + "\n"


def _one_deeper(page: str) -> list[str]:
    """The lines of a page, its headings one level down."""
    return [f"#{line}" if line.startswith("#") else line for line in page.rstrip().splitlines()]


def _section(name: str, report: Report | None) -> list[str]:
    if report is None:
        command = f"python -m benchmarks --set {name} --write"
        return [f"### {name.upper()}", "", f"Not measured yet. `{command}` on such a machine measures it."]
    machine = ", ".join(f"{key} {value}" for key, value in report.machine.items())
    packages = ", ".join(f"{key} {value}" for key, value in report.versions.items())
    comparisons = [row for row in report.measured if isinstance(row, Comparison)]
    figures = [row for row in report.measured if isinstance(row, Figure)]
    lines = [f"### {name.upper()}: {report.machine.get('gpu', report.machine['processor'])}", "", f"{machine}."]
    lines += [f"{packages}."]
    if comparisons:
        lines += [
            "",
            "| what | peer | peer's rate | ours | ratio | goal | largest difference |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [_comparison_row(row) for row in comparisons]
    if figures:
        lines += ["", "| what | measured | at most |", "|---|---|---|"]
        lines += [_figure_row(row) for row in figures]
    return lines


def _comparison_row(row: Comparison) -> str:
    goal = "" if row.goal is None else _number(row.goal)
    difference = "" if row.difference is None else f"{row.difference:.0e}"
    rates = f"{_number(row.peer_rate)} {row.unit} | {_number(row.our_rate)} {row.unit} | **{_number(row.ratio)}**"
    return f"| {_what(row)} | {row.peer} | {rates} | {goal} | {difference} |"


def _figure_row(row: Figure) -> str:
    limit = "" if row.at_most is None else f"{_number(row.at_most)} {row.unit}"
    return f"| {_what(row)} | {_number(row.value)} {row.unit} | {limit} |"


def _what(row: Measured) -> str:
    return f"{row.name}: {row.claim}" + (f" ({row.note})" if row.note else "")


def _number(value: float) -> str:
    """Three digits that count, and no fewer before the point.

    >>> [_number(value) for value in (1234.5, 65.83, 6.61, 0.0421, 4)]
    ['1,234', '65.8', '6.61', '0.0421', '4']
    """
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
