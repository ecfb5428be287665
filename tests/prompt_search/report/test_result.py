"""What a result says of itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from evaluators import PHOTO_TEMPLATE, PromptSet, Score
from prompt_search.report.result import YOURS, Cost, PhaseCost, ReplyCounts, Result, Row
from prompt_search.report.statistics import PairedCounts

CLASSES = PromptSet.of({"a": "cat", "b": "dog"}, ["{}"]).classes
SCORE = Score(100, 0.8, None, 0.5, 0.45, 80.0, 0.1, 0.4, 0.6, 0.2, (0.8, 0.8), (0.5, 0.5), ((0, 1, 10), (1, 0, 10)))


def row(name: str, template: str, only_winner: int, only_other: int) -> Row:
    prompts = PromptSet.of(CLASSES, [template])
    return Row(name, "baseline", prompts, SCORE, SCORE, SCORE, PairedCounts(100, only_winner, only_other))


def result(*others: Row) -> Result:
    best = replace(row("winner (x)", "the best {}", 0, 0), role="winner", against_winner=None)
    return Result(best, (best, *others), "x", None, 1, Cost(), ReplyCounts(), (), Path("out"))


@pytest.mark.parametrize(
    ("mine", "theirs", "verdict"), [(20, 2, "a proven gain"), (2, 20, "a proven loss"), (6, 5, "no proven difference")]
)
def test_the_verdict_follows_the_interval(mine: int, theirs: int, verdict: str) -> None:
    said = result(row("photo", PHOTO_TEMPLATE, mine, theirs)).verdict()
    assert said.endswith(f"{verdict}.")
    assert f"{mine - theirs:+.1f} points" in said


def test_the_verdict_is_about_the_user_s_own_prompts_where_there_are_any() -> None:
    said = result(row("photo", PHOTO_TEMPLATE, 5, 5), row(f"{YOURS}mine.txt", "my {}", 5, 5)).verdict()
    assert "yours: mine.txt" in said


def test_a_baseline_that_wins_is_said_to_stay() -> None:
    won = replace(result(row("photo", PHOTO_TEMPLATE, 20, 2)), found_by="baseline")
    assert "it stays" in won.verdict()
    assert "gain" not in won.verdict()


def test_figures_carry_their_intervals() -> None:
    figures = result(row("photo", PHOTO_TEMPLATE, 9, 4)).to_json()["rows"][1]
    assert figures["winner_minus_this"]["top1"] == 0.05
    low, high = figures["winner_minus_this"]["interval_95"]
    assert low < 0.05 < high
    assert figures["test"]["top1_interval_95"][0] < 0.8 < figures["test"]["top1_interval_95"][1]


def test_the_cost_adds_up_over_phases_and_is_unknown_if_one_of_them_is() -> None:
    known, unknown = PhaseCost("cupl", 3, 30, 15, 0.25), PhaseCost("glov", 2, 20, 10, None)
    assert (Cost((known, known)).llm_calls, Cost((known, known)).usd) == (6, 0.5)
    assert (Cost((known, unknown)).prompt_tokens, Cost((known, unknown)).usd) == (50, None)
    assert [phase["phase"] for phase in Cost((known, unknown)).to_json()["phases"]] == ["cupl", "glov"]
