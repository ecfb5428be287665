"""The table of a bench: means, gains with intervals and corrected tests, what stands beside, and what is missing."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_search.bench.bench_file import BenchFile, read_bench
from prompt_search.bench.outcome import Measured, Outcome
from prompt_search.bench.picture import draw
from prompt_search.bench.table import BenchTable
from prompt_search.report.result import PROBE, RANDOM_WORDS
from prompt_search.report.statistics import PairedCounts, paired_interval

N = 1000
PHOTO = '"a photo of a {}."'


@pytest.fixture
def bench(written: Callable[[str], Path]) -> BenchFile:
    return read_bench(written("seeds = 3\n[data.photos]\n[strategies.cupl]\n[strategies.glov]\n[strategies.ipo]\n"))


def against(name: str, role: str, top1: float, ahead: float) -> Measured:
    won, lost = round(max(ahead, 0) * N) + 20, round(max(-ahead, 0) * N) + 20
    return Measured(name, role, N, top1, ahead, paired_interval(PairedCounts(N, won, lost)))


def outcome(bench: BenchFile, strategy: str, seed: int, top1: float, random_words: float | None = None) -> Outcome:
    cell = next(cell for cell in bench.cells() if (cell.strategy, cell.seed) == (strategy, seed))
    rows = [
        Measured(f"winner ({strategy})", "winner", N, top1),
        against(PHOTO, "baseline", 0.60, top1 - 0.60),
        against("names only", "baseline", 0.55, top1 - 0.55),
        against(PROBE, "adapter", 0.80, top1 - 0.80),
    ]
    if random_words is not None:
        rows.append(against(RANDOM_WORDS, "placebo", random_words, top1 - random_words))
    return Outcome(cell, tuple(rows), 10 + seed, 100, 5, 2.0, 0.5, "a limit" if seed == 1 else None)


@pytest.fixture
def table(bench: BenchFile) -> BenchTable:
    found = [outcome(bench, "cupl", seed, top1, top1 - 0.01) for seed, top1 in enumerate((0.70, 0.71, 0.72))]
    found += [outcome(bench, "glov", seed, 0.604 + seed / 1000) for seed in range(2)]
    return BenchTable.of(found, bench, {"photos, glov, seed 2": "the model answers nothing"})


def test_a_strategy_has_the_mean_of_its_seeds_and_its_gain(table: BenchTable) -> None:
    row = table.rows[0]
    assert (row.name, row.kind, row.seeds) == ("cupl", "strategy", 3)
    assert row.top1 == pytest.approx(0.71)
    assert row.gain == pytest.approx(0.11)
    assert row.gain_interval is not None
    assert row.gain_interval[0] > 0.05
    assert (row.calls, row.tokens, row.evaluations, row.usd, row.stopped) == (11, 100, 5, 0.5, 1)


def test_p_values_are_corrected_for_how_many_there_are(table: BenchTable) -> None:
    strategies = [row for row in table.rows if row.kind == "strategy"]
    assert [row.name for row in strategies] == ["cupl", "glov"]
    assert all(row.p is not None and row.p_holm is not None and row.p_holm >= row.p for row in strategies)
    assert strategies[0].p_holm == pytest.approx(2 * (strategies[0].p or 0))
    assert all(row.p is None for row in table.rows if row.kind != "strategy")


def test_equal_results_of_all_seeds_are_no_proof_for_other_images(bench: BenchFile) -> None:
    found = [outcome(bench, "cupl", seed, 0.602) for seed in range(3)]
    (row, *_) = BenchTable.of(found, bench).rows
    assert row.p is not None
    assert row.p > 0.5
    assert row.gain_interval is not None
    assert row.gain_interval[0] < 0 < row.gain_interval[1]


def test_who_hands_over_the_baseline_gains_nothing(bench: BenchFile) -> None:
    cell = bench.cells()[0]
    kept = Outcome(cell, (Measured(PHOTO, "winner", N, 0.6),), 3, 10, 1, 1.0, None, None)
    (row, *_) = BenchTable.of([kept], bench).rows
    assert (row.gain, row.gain_interval, row.p) == (0.0, (0.0, 0.0), 1.0)


def test_baselines_come_once_and_what_stands_beside_a_strategy_tells_how_far_that_is_ahead(table: BenchTable) -> None:
    baselines = [row for row in table.rows if row.kind == "baseline"]
    assert [(row.name, row.seeds, row.gain) for row in baselines] == [
        (PHOTO, 3, None),
        ("names only", 3, pytest.approx(-0.05)),
    ]
    beside = {(row.beside, row.name): row for row in table.rows if row.beside}
    assert set(beside) == {("cupl", RANDOM_WORDS), ("cupl", PROBE), ("glov", PROBE)}
    assert beside["cupl", RANDOM_WORDS].ahead == pytest.approx(0.01)
    assert beside["cupl", PROBE].ahead == pytest.approx(-0.09)


def test_what_is_missing_is_named_with_its_reason(table: BenchTable) -> None:
    assert "photos, glov, seed 2: the model answers nothing" in table.missing
    assert len(table.missing) == 4
    assert any("Not finished, 4 of 9 runs" in note for note in table.notes())


def test_the_csv_has_every_row_with_intervals_in_two_columns(table: BenchTable) -> None:
    rows = list(csv.DictReader(io.StringIO(table.csv())))
    assert len(rows) == len(table.rows)
    assert float(rows[0]["gain_interval_low"]) < float(rows[0]["gain"]) < float(rows[0]["gain_interval_high"])
    assert rows[2]["p"] == ""


def test_names_cannot_break_out_of_the_markdown_table(bench: BenchFile) -> None:
    cell = bench.cells()[0]
    hostile = "yours: a|b\n<script>`x`\x1b[2J"
    rows = (Measured("winner (cupl)", "winner", N, 0.6), against(hostile, "baseline", 0.5, 0.1))
    page = BenchTable.of([Outcome(cell, rows, 1, 1, 1, 1.0, None, None)], bench).markdown()
    (line,) = (line for line in page.splitlines() if "yours" in line)
    assert line.count("|") - line.count("\\|") == 9
    assert "<script>" not in page.replace("\\<", "")
    assert "\x1b" not in page


def test_the_picture_is_a_function_of_the_table_and_takes_names_as_they_are(
    table: BenchTable, bench: BenchFile
) -> None:
    picture = draw(table)
    assert picture == draw(table)
    assert b"<svg" in picture
    assert b"cupl" in picture
    dollars = [outcome(bench, "cupl", 0, 0.7)]
    odd = BenchTable("a $\\frac$ title", "$x_", BenchTable.of(dollars, bench).rows)
    assert b"$x_" in draw(odd)
