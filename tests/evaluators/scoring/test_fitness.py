"""Fitness presets against values worked out by hand."""

from dataclasses import replace

import pytest

from evaluators import DEFAULT_FITNESS, FITNESS_PRESETS, Score

SCORE = Score(
    n=10,
    top1=0.6,
    top5=0.9,
    cross_entropy=1.25,
    fitted_cross_entropy=0.75,
    fitted_scale=60.0,
    margin=0.1,
    prediction_entropy=0.5,
    marginal_entropy=1.75,
    redundancy=4.0,
    recall=(1.0, 0.25, None),
    class_cross_entropy=(1.0, 2.0, None),
    confusions=((1, 0, 4),),
)


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("top1-fitted-ce", 0.6 - 0.75),
        ("top1-ce", 0.6 - 1.25),
        ("accuracy", 0.6),
        ("proapo", (0.1 * 60 + 0.1 * 90 + 0.05 * 4.0 - 10 * 1.25) / 10),
        ("cross-entropy", -0.75),
        ("balanced", 0.625 - 0.75),
        ("unsupervised", 1.75 - 0.5),
    ],
)
def test_a_preset_is_what_its_formula_says(preset: str, expected: float) -> None:
    assert FITNESS_PRESETS[preset](SCORE) == pytest.approx(expected)


def test_proapo_leaves_top5_out_for_few_classes() -> None:
    assert FITNESS_PRESETS["proapo"](replace(SCORE, top5=None)) == pytest.approx(0.6 + 0.02 - 1.25)


def test_the_default_is_a_preset_and_presets_can_not_be_changed() -> None:
    assert FITNESS_PRESETS[DEFAULT_FITNESS](SCORE) == pytest.approx(0.6 - 0.75)
    with pytest.raises(TypeError):
        FITNESS_PRESETS["mine"] = lambda score: 0.0  # type: ignore[index]
