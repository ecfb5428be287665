"""What a result says of itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from evaluators import PHOTO_TEMPLATE, PromptSet, Score
from prompt_search.report.result import YOURS, Calibration, Cost, PhaseCost, ReplyCounts, Result, Row
from prompt_search.report.statistics import Luck, PairedCounts, exact_p

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


def test_an_interval_above_zero_that_the_exact_test_does_not_bear_out_is_no_proof() -> None:
    photo = row("photo", PHOTO_TEMPLATE, 9, 2)
    assert photo.gain_interval is not None
    assert photo.gain_interval[0] > 0
    assert photo.against_winner is not None
    assert exact_p(photo.against_winner) > 0.05
    assert result(photo).verdict().endswith("p = 0.065: no proven difference.")


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


def test_several_baselines_are_tested_with_a_correction_for_their_number() -> None:
    several = result(row("photo", PHOTO_TEMPLATE, 20, 2), row("names only", "{}", 9, 5), row("80", "a {}", 5, 5))
    corrected = several.corrected_p()
    assert corrected["photo"] == round(3 * exact_p(PairedCounts(100, 20, 2)), 6)
    assert corrected["names only"] == round(2 * exact_p(PairedCounts(100, 9, 5)), 6)
    assert corrected["80"] == 1
    (said,) = [remark for remark in several.remarks() if "(Holm)" in remark]
    assert "photo p = 0.00036, names only p = 0.85, 80 p = 1" in said
    assert several.to_json()["p_holm"] == corrected


def test_one_baseline_needs_no_correction() -> None:
    alone = result(row("photo", PHOTO_TEMPLATE, 20, 2))
    assert alone.corrected_p() == {"photo": round(exact_p(PairedCounts(100, 20, 2)), 6)}
    assert not any("Holm" in remark for remark in alone.remarks())


def test_the_luck_of_the_best_of_many_is_said_in_points() -> None:
    lucky = replace(result(row("photo", PHOTO_TEMPLATE, 9, 5)), luck=Luck(400, 300, 0.12))
    (said,) = [remark for remark in lucky.remarks() if remark.startswith("Luck:")]
    assert "all 400 candidates" in said
    assert "look 4.2 points better than it is on its 300 images" in said
    assert lucky.to_json()["luck"] == {"candidates": 400, "images": 300, "disagreement": 0.12, "gain": 0.041795}


def test_a_winner_that_was_put_together_has_its_luck_in_the_placebos() -> None:
    chosen = replace(result(row("photo", PHOTO_TEMPLATE, 9, 5)), luck=Luck(4, 300, 0.12), selected=True)
    (said,) = [remark for remark in chosen.remarks() if remark.startswith("Luck:")]
    assert "searched placebos" in said
    assert "equally good" not in said


@pytest.mark.parametrize("luck", [None, Luck(1, 300, 0.12)])
def test_without_a_choice_there_is_no_luck(luck: Luck | None) -> None:
    said = replace(result(row("photo", PHOTO_TEMPLATE, 9, 5)), luck=luck).remarks()
    assert not any(remark.startswith("Luck:") for remark in said)


def test_the_images_that_would_show_a_point_are_said() -> None:
    (said,) = [each for each in result(row("photo", PHOTO_TEMPLATE, 8, 4)).remarks() if "gain of one point" in each]
    assert "about 9,500 unseen images" in said
    assert "differ on 12 % of them; here are 100." in said


def test_how_sure_the_winner_is_stands_beside_how_often_it_is_right() -> None:
    plain = result(row("photo", PHOTO_TEMPLATE, 8, 4))
    (said,) = [
        remark
        for remark in replace(plain, calibration=Calibration(27.5, 0.123, 0.021)).remarks()
        if remark.startswith("Sure or right?")
    ]
    assert "off by 12.3 points on average at the model's own logit scale, by 2.1 at 27.5" in said
    unfitted = replace(plain, calibration=Calibration(None, 0.123, 0.123))
    assert not any("Sure or right?" in remark for remark in unfitted.remarks())


def test_what_does_better_on_the_same_images_stands_in_the_verdict() -> None:
    said = result(row("photo", PHOTO_TEMPLATE, 20, 2), row("80 general templates", "a {}", 2, 9)).verdict()
    assert said.endswith("But better on these images, by 7.0 points: 80 general templates.")
