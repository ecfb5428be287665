"""A score is a value that survives JSON."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators import Score

figures = st.floats(-100, 100).map(lambda x: round(x, 6))
per_class = st.lists(st.none() | figures, min_size=1, max_size=5).map(tuple)
scores = st.builds(
    Score,
    n=st.integers(1, 10**6),
    top1=figures,
    top5=st.none() | figures,
    cross_entropy=figures,
    fitted_cross_entropy=figures,
    fitted_scale=figures,
    margin=figures,
    prediction_entropy=figures,
    marginal_entropy=figures,
    redundancy=figures,
    recall=per_class,
    class_cross_entropy=per_class,
    confusions=st.lists(st.tuples(st.integers(0), st.integers(0), st.integers(0)), max_size=4).map(tuple),
)


@settings(deadline=None, max_examples=60)
@given(scores)
def test_json_reads_back_as_an_equal_score(score: Score) -> None:
    assert Score.from_json(json.loads(json.dumps(score.to_json()))) == score


@pytest.mark.parametrize(("right", "n"), [(0, 7), (1, 3), (2, 3), (6, 7), (99_999, 300_000)])
def test_the_number_of_right_images_survives_the_rounding_of_the_share(right: int, n: int) -> None:
    score = Score(n, round(right / n, 6), None, 0, 0, 0, 0, 0, 0, 0, (1.0,), (0.0,), ())
    assert score.correct == right
