"""Prompt sets are values: canonical, comparable by what they say, and strict about what they accept."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators import ClassLabel, PromptSet
from evaluators.errors import PromptError

CLASSES = {"dog": "dog", "cat": "cat"}

words = st.text(min_size=1, max_size=12)
names = words.filter(lambda text: bool(text.strip()))
templates = st.builds("{}{{}}{}".format, st.text(max_size=8), st.text(max_size=8))


@st.composite
def prompt_sets(draw: st.DrawFn) -> PromptSet:
    """Any valid set of one to five classes."""
    classes = draw(st.dictionaries(words, names, min_size=1, max_size=5))
    shared = draw(st.lists(templates, min_size=1, max_size=3))
    own = draw(st.dictionaries(st.sampled_from(sorted(classes)), st.lists(names, max_size=3)))
    return PromptSet.of(classes, shared, own)


def test_classes_are_put_in_order_of_their_ids() -> None:
    built = PromptSet.of({"b": "x", "a": "z", "C": "y"}, ["{}"])
    assert [label.id for label in built.classes] == ["C", "a", "b"]
    assert built.rendered == (("y",), ("z",), ("x",))


def test_texts_follow_their_class_into_the_canonical_order() -> None:
    built = PromptSet.of(CLASSES, texts={"dog": ["it barks"], "cat": ["it purrs"]})
    assert built.rendered == (("it purrs",), ("it barks",))


def test_the_fingerprint_does_not_depend_on_order_or_on_how_texts_are_made() -> None:
    shared = PromptSet.of(CLASSES, ["a {}", "one {}"])
    turned = PromptSet.of(dict(reversed(CLASSES.items())), ["one {}", "a {}"])
    spelled = PromptSet.of(CLASSES, texts={i: [f"one {i}", f"a {i}"] for i in CLASSES})
    mixed = PromptSet.of(CLASSES, ["a {}"], {i: [f"one {i}", f"a {i}"] for i in CLASSES})
    assert len({s.fingerprint for s in (shared, turned, spelled, mixed)}) == 1


def test_the_fingerprint_tells_sets_apart_that_say_different_things() -> None:
    sets = [
        PromptSet.of(CLASSES, ["a {}"]),
        PromptSet.of(CLASSES, ["a {} "]),
        PromptSet.of({"dog": "cat", "cat": "dog"}, ["a {}"]),
        PromptSet.of({"Dog": "dog", "cat": "cat"}, ["a {}"]),
        PromptSet.of(CLASSES, ["a {}"], {"dog": ["it barks"]}),
    ]
    assert len({s.fingerprint for s in sets}) == len(sets)


@pytest.mark.parametrize("name", ["{0}", "a {} b", "{name!r}", "🦄 {", "%d"])
def test_class_names_stay_as_they_are(name: str) -> None:
    assert PromptSet.of({"x": name}, ["the {}."]).render(0) == (f"the {name}.",)


def test_two_classes_may_have_one_name() -> None:
    built = PromptSet.of({"n1": "missile", "n2": "missile"}, ["a {}"])
    assert built.rendered == (("a missile",), ("a missile",))


def test_a_text_counts_once_for_its_class() -> None:
    built = PromptSet.of(CLASSES, ["a {}", "a {}"], {"cat": ["a cat", "purrs", "purrs"]})
    assert built.render(0) == ("a cat", "purrs")
    assert built.n_texts == 3


def test_shared_only_tells_whether_classes_have_texts_of_their_own() -> None:
    assert PromptSet.of(CLASSES, ["a {}"]).shared_only
    assert not PromptSet.of(CLASSES, ["a {}"], {"cat": ["purrs"]}).shared_only


def test_other_templates_keep_the_texts_of_the_classes() -> None:
    built = PromptSet.of(CLASSES, ["a {}"], {"cat": ["purrs"]}).with_templates(["the {}", "the {}"])
    assert built.templates == ("the {}",)
    assert built.render(0) == ("the cat", "purrs")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": {}, "templates": ["{}"]}, "at least one class"),
        ({"classes": CLASSES, "templates": ["a photo"]}, "'a photo' has no {}"),
        ({"classes": CLASSES, "templates": "{}"}, "has no {}"),
        ({"classes": CLASSES}, "class 'cat' has no text"),
        ({"classes": CLASSES, "texts": {"cat": ["purrs"]}}, "class 'dog' has no text"),
        ({"classes": CLASSES, "texts": {"cat": ["purrs"], "dog": [" ", ""]}}, "class 'dog' has no text"),
        ({"classes": CLASSES, "templates": ["{}"], "texts": {"cow": ["moos"]}}, "unknown class ids: ['cow']"),
        ({"classes": [ClassLabel("a", "x"), ClassLabel("a", "y")], "templates": ["{}"]}, "different ids"),
    ],
)
def test_what_can_not_be_a_prompt_set_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(PromptError) as refused:
        PromptSet.of(**arguments)
    assert message in str(refused.value)


@pytest.mark.parametrize(("id_", "name"), [("", "cat"), ("cat", ""), ("cat", " \n")])
def test_a_class_needs_an_id_and_a_name(id_: str, name: str) -> None:
    with pytest.raises(PromptError, match="needs an id and a name"):
        ClassLabel(id_, name)


def test_the_constructor_insists_on_the_canonical_order_and_aligned_texts() -> None:
    cat, dog = ClassLabel("cat", "cat"), ClassLabel("dog", "dog")
    with pytest.raises(PromptError, match="sorted order"):
        PromptSet((dog, cat), ("{}",))
    with pytest.raises(PromptError, match="2 classes need 2 tuples"):
        PromptSet((cat, dog), ("{}",), (("purrs",),))


@settings(deadline=None, max_examples=100)
@given(prompt_sets())
def test_json_reads_back_as_an_equal_set(built: PromptSet) -> None:
    read = PromptSet.from_json(json.loads(json.dumps(built.to_json())))
    assert read == built
    assert read.fingerprint == built.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"classes": None},
        {"classes": "cat"},
        {"classes": [{"id": "cat"}]},
        {"templates": "a {}"},
        {"templates": [3]},
        {"templates": {"a {}": 1}},
        {"texts": ["purrs"]},
        {"texts": {"cat": "purrs"}},
        {"texts": {"cat": [None]}},
        {"texts": {"cow": ["moos"]}},
    ],
)
def test_json_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    good = PromptSet.of(CLASSES, ["a {}"], {"cat": ["purrs"]}).to_json()
    with pytest.raises(PromptError):
        PromptSet.from_json(good | change)


@pytest.mark.parametrize("part", ["classes", "templates", "texts"])
def test_json_without_a_part_is_refused_and_names_it(part: str) -> None:
    value = PromptSet.of(CLASSES, ["a {}"]).to_json()
    del value[part]
    with pytest.raises(PromptError, match=part):
        PromptSet.from_json(value)
