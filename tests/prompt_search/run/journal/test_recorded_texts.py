"""A text stands in a journal once; what a line names is known from it or from one before it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators import ClassLabel, PromptSet, fill
from prompt_search.run.journal.event_lines import as_line, read_line
from prompt_search.run.journal.events import ScoredCandidates
from prompt_search.run.journal.json_shape import ShapeError
from prompt_search.run.journal.recorded_texts import RecordedTexts
from prompt_search.testing.scripted_search import plain_score

CLASSES = tuple(ClassLabel(f"c{i}", f"thing {i}") for i in range(3))
STRANGE = tuple(ClassLabel(f"c{i}", name) for i, name in enumerate(["thing 0", "c++", "{x}", "{", "}"]))
texts = st.one_of(
    st.text("ab\n\u2028é", min_size=1, max_size=2),
    st.lists(st.sampled_from(["{", "}", "{}", "thing 0", "thing 1", "{x}", " ", "a"]), min_size=1, max_size=4).map(
        "".join
    ),
)
parts = st.sampled_from(["", "{", "}", "{}", "the ", "c++", " of thing 0", "."])
products = st.builds(
    lambda frames, words: list(dict.fromkeys(before + word + after for word in words for before, after in frames)),
    st.lists(st.tuples(parts, parts), min_size=1, max_size=3),
    st.lists(st.sampled_from(["red", "a long and winding one", "{", "c++", "{x}"]), min_size=1, max_size=4),
).filter(all)
some_sets = st.builds(
    lambda own: PromptSet.of(STRANGE, ["a {}"], {f"c{i}": each for i, each in enumerate(own) if each}),
    st.lists(st.lists(texts, max_size=3, unique=True) | products, min_size=len(STRANGE), max_size=len(STRANGE)),
)


def recorded(lines: RecordedTexts, *candidates: PromptSet) -> ScoredCandidates:
    event = lines.record(candidates, [plain_score(0.5)] * len(candidates))
    lines.learn(event)
    return event


@given(st.lists(st.lists(some_sets, min_size=1, max_size=3), max_size=4))
def test_candidates_read_back_from_lines_that_have_each_text_once(populations: list[list[PromptSet]]) -> None:
    written, read = RecordedTexts(STRANGE), RecordedTexts(STRANGE)
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


def test_what_templates_make_of_names_and_descriptions_is_told_by_its_parts() -> None:
    templates = ["a photo of a {}", "the {}!", "a drawing of the {} in ink"]
    said = {
        "c0": ["which is red", "long of ear"],
        "c1": ["of wood", "which flies"],
        "c2": ["of stone", "which sings"],
    }
    own = {
        label.id: [f"{fill(template, label.name)}, {each}." for each in said[label.id] for template in templates]
        for label in CLASSES
    }
    event = recorded(RecordedTexts(CLASSES), PromptSet.of(CLASSES, [], own))
    assert {"a photo of a {}, ", "a drawing of the {} in ink, ", "which is red", "of wood"} <= set(event.texts)
    assert len(event.products) == 3
    assert sum(map(len, event.texts)) * 3 < sum(len(text) for texts in own.values() for text in texts)


def test_a_known_text_in_a_new_list_is_a_number() -> None:
    lines = RecordedTexts(CLASSES)
    recorded(lines, PromptSet.of(CLASSES, [], {f"c{i}": ["red", "blue"] for i in range(3)}))
    event = recorded(lines, PromptSet.of(CLASSES, [], {"c0": ["blue", "green"], "c1": ["red", "blue"], "c2": ["blue"]}))
    assert event.texts == ("green",)
    assert sorted(event.lists.values()) == [(1,), (1, 1)]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"lists": {"l": (7,)}}, "lists"),
        ({"lists": {"l": (1, -2)}}, "lists"),
        ({"lists": {}}, "candidates"),
        ({"candidates": ({"templates": [], "texts": {}}, {"changes": {"c1": "l"}})}, "candidates"),
        ({"candidates": ({"templates": [], "texts": {"c9": "l"}},) * 2}, "candidates"),
        ({"candidates": ({"templates": [], "texts": {"c0": ["l"]}},) * 2}, "candidates"),
        ({"candidates": ({"templates": [], "texts": {"c0": None}},) * 2}, "candidates"),
        ({"products": (((0,), (1, 9), (2,)),)}, "products"),
        ({"products": (((0, 1), (1,), (2,)),)}, "products"),
    ],
)
def test_what_no_line_brought_is_named(wrong: dict[str, Any], place: str) -> None:
    event = RecordedTexts(CLASSES).record([PromptSet.of(CLASSES, [], {"c0": ["a"], "c1": ["b"], "c2": ["c"]})] * 2,
                                   [plain_score(0.5)] * 2)  # fmt: skip
    with pytest.raises(ShapeError, match=r"no line brought|without an end|unknown class|by no text") as caught:
        RecordedTexts(CLASSES).learn(replace(event, **wrong))
    assert caught.value.place == place
