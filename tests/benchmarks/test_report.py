"""Figures survive JSON, are replaced by newer ones of the same machine, and make a page that hides nothing."""

import json

from benchmarks.measure import Comparison, Figure
from benchmarks.report import Report, merged, results_page, table

FAST = Comparison("text", "10 texts", "one by one", "texts/s", 20, 100, 1e-7, goal=4, note="on a slice")
SHARE = Figure("engine", "a run", 2.345, "%", at_most=5)
MACHINE: dict[str, str | int] = {"processor": "Fast One", "cores": 2}
REPORT = Report(MACHINE, {"torch": "2.9"}, (FAST, SHARE))


def test_a_report_survives_json() -> None:
    content = json.loads(json.dumps(REPORT.to_json()))
    assert Report.from_json(content) == REPORT
    assert content["comparisons"][0]["ratio"] == 5


def test_newer_figures_replace_those_of_their_name() -> None:
    newer = Report(MACHINE, {"torch": "2.9"}, (Figure("engine", "a run", 1.5, "%"), Figure("memory", "a run", 9, "MB")))
    assert [getattr(row, "value", None) for row in merged(REPORT, newer).measured] == [None, 1.5, 9]


def test_figures_of_another_machine_or_version_are_never_mixed() -> None:
    other = Report({**MACHINE, "cores": 64}, {"torch": "2.9"}, (SHARE,))
    assert merged(REPORT, other) == other
    upgraded = Report(MACHINE, {"torch": "3.0"}, (SHARE,))
    assert merged(REPORT, upgraded) == upgraded


def test_the_table_shows_goal_limit_difference_and_note() -> None:
    printed = table([FAST, SHARE])
    for part in ("20 texts/s", "ours 100 texts/s", "ratio 5", "goal 4", "1e-07", "on a slice", "2.35 %", "at most 5"):
        assert part in printed


def test_the_page_names_the_machine_and_says_what_is_not_measured() -> None:
    page = results_page({"cpu": REPORT, "gpu": None})
    assert "### CPU: Fast One" in page
    assert "| text: 10 texts (on a slice) | one by one | 20 texts/s | 100 texts/s | **5** | 4 | 1e-07 |" in page
    assert "| engine: a run | 2.35 % | 5 % |" in page
    assert "Not measured yet. `python -m benchmarks --set gpu --write`" in page
