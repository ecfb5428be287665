"""A text stands in a journal once; what a line names is known from it or from one before it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators import ClassLabel, PromptSet
from prompt_search.run.journal.event_lines import as_line, read_line
from prompt_search.run.journal.events import ScoredCandidates
from prompt_search.run.journal.json_shape import ShapeError
from prompt_search.run.journal.recorded_texts import RecordedTexts
from prompt_search.testing.scripted_search import plain_score

CLASSES = tuple(ClassLabel(f"c{i}", f"thing {i}") for i in range(3))
texts = st.text("ab\n\u2028é", min_size=1, max_size=2)
some_sets = st.builds(
    lambda own: PromptSet.of(CLASSES, ["a {}"], {f"c{i}": each for i, each in enumerate(own) if each}),
    st.lists(st.lists(texts, max_size=3, unique=True), min_size=3, max_size=3),
)


def recorded(lines: RecordedTexts, *candidates: PromptSet) -> ScoredCandidates:
    event = lines.record(candidates, [plain_score(0.5)] * len(candidates))
    lines.learn(event)
    return event


@given(st.lists(st.lists(some_sets, min_size=1, max_size=3), max_size=4))
def test_candidates_read_back_from_lines_that_have_each_text_once(populations: list[list[PromptSet]]) -> None:
    written, read = RecordedTexts(), RecordedTexts()
    events = [recorded(written, *population) for population in populations]
    named = [text for event in events for text in event.texts]
    assert len(named) == len(set(named))
    lists = [name for event in events for name in event.lists]
    assert len(lists) == len(set(lists))
    for population, event in zip(populations, events, strict=True):
        line = as_line("key", event, "now")
        again = read_line(line, 1, None).event
        assert isinstance(again, ScoredCandidates)
        read.learn(again)
        for number, candidate in enumerate(population):
            content = candidate.to_json()
            del content["classes"]
            assert read.content(again, number) == content


def test_a_known_text_in_a_new_list_is_a_number() -> None:
    lines = RecordedTexts()
    recorded(lines, PromptSet.of(CLASSES, [], {f"c{i}": ["red", "blue"] for i in range(3)}))
    event = recorded(lines, PromptSet.of(CLASSES, [], {"c0": ["blue", "green"], "c1": ["red", "blue"], "c2": ["blue"]}))
    assert event.texts == ("green",)
    assert sorted(event.lists.values()) == [(1,), (1, 1)]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [({"lists": {"l": (7,)}}, "lists"), ({"lists": {"l": (1, -2)}}, "lists"), ({"lists": {}}, "candidates"),
     ({"candidates": ({"templates": [], "texts": {}}, {"changes": {"c1": "l"}})}, "candidates")],
)  # fmt: skip
def test_what_no_line_brought_is_named(wrong: dict[str, Any], place: str) -> None:
    event = RecordedTexts().record([PromptSet.of(CLASSES, [], {"c0": ["a"], "c1": ["b"], "c2": ["c"]})] * 2,
                                   [plain_score(0.5)] * 2)  # fmt: skip
    with pytest.raises(ShapeError, match="no line brought") as caught:
        RecordedTexts().learn(replace(event, **wrong))
    assert caught.value.place == place
