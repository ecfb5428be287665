"""Recalls of a population: those of the first candidate, and of the others what is different."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators import Score
from prompt_search.run.journal.event_lines import as_line, read_line
from prompt_search.run.journal.events import ScoredCandidates
from prompt_search.run.journal.json_shape import ShapeError
from prompt_search.testing.scripted_search import plain_score

CLASSES = 8
shares = st.sampled_from([0.0, 0.25, 0.333333, 1.0])
recalls = st.lists(shares | st.none(), min_size=CLASSES, max_size=CLASSES).filter(any).map(tuple)
CANDIDATE = {"templates": ["a {}"], "texts": {}}


def scored(*of: tuple[float | None, ...]) -> ScoredCandidates:
    scores = tuple(replace(plain_score(0.5), recall=own, class_cross_entropy=None, confusions=()) for own in of)
    return ScoredCandidates(texts=(), products=(), lists={}, candidates=(CANDIDATE,) * len(of), scores=scores)


def line_of(event: ScoredCandidates) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(as_line("key", event, "now"))
    return content


def scores_in(content: dict[str, Any]) -> tuple[Score, ...]:
    event = read_line(json.dumps(content).encode(), 1, None).event
    assert isinstance(event, ScoredCandidates)
    return event.scores


@given(st.lists(recalls, min_size=1, max_size=4))
def test_scores_read_back_as_they_were(of: list[tuple[float | None, ...]]) -> None:
    event = scored(*of)
    assert scores_in(line_of(event)) == event.scores


def test_a_child_with_a_few_other_recalls_is_written_with_these_alone() -> None:
    first, child, stranger = (1.0,) * 8, (1.0, 0.5, *(1.0,) * 5, None), (0.5,) * 5 + (1.0,) * 3
    written = line_of(scored(first, child, first, stranger))["scores"]
    assert [each.get("recall_changes") for each in written] == [None, {"1": 0.5, "7": None}, {}, None]
    assert [each.get("recall") for each in written] == [list(first), None, None, list(stranger)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"8": 0.5}, "in order"), ({"01": 0.5}, "in order"), ({"-1": 0.5}, "in order"), ({"3": 0.5, "1": 0.5}, "in order"),
     ([0.5], "no object"), (None, "no object"), ({"2": "x"}, "a text")],
)  # fmt: skip
def test_changes_of_no_class_are_named(wrong: object, said: str) -> None:
    content = line_of(scored((1.0,) * 8, (1.0,) * 8))
    content["scores"][1]["recall_changes"] = wrong
    with pytest.raises(ShapeError, match=said) as caught:
        scores_in(content)
    assert caught.value.place.startswith("scores[1].recall")


def test_the_first_score_of_a_line_has_nothing_to_change() -> None:
    content = line_of(scored((1.0,) * 8))
    content["scores"][0]["recall_changes"] = {}
    del content["scores"][0]["recall"]
    with pytest.raises(ShapeError, match="no first score"):
        scores_in(content)
