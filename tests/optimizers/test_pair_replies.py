"""What tells two classes apart: the exact question, and what is read from replies, however they look."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators import Difference
from optimizers.meta_prompts import pair_question, pair_schema, small_pair_schema
from optimizers.replies import difference_fault, differences, own_descriptions

CAT, DOG = "a cat with pointed ears", "a dog with floppy ears"
EARS = Difference("ears", CAT, DOG)
SIZE = Difference("size", "a small cat on a sofa", "a large dog on a leash")


def test_the_question_about_two_classes() -> None:
    (turn,) = pair_question("tabby cat", "dog", "Pets.\nAt home.", 5)
    assert turn.role == "user"
    assert turn.content == (
        'An image shows "tabby cat" or "dog". In which visual attributes do the two differ? Name 1 to 5 attributes '
        'that can be seen. For each attribute say how it looks, in words that go on after "a photo of": first in an '
        'image of "tabby cat", second in an image of "dog". Answer with JSON: {"differences": [{"attribute": "...", '
        '"first": "with ...", "second": "with ..."}]}. The images are described as "Pets. At home.".'
    )


def test_the_question_without_a_description_and_for_one_attribute() -> None:
    (turn,) = pair_question("cat", "dog", " ", 1)
    assert turn.content.startswith('An image shows "cat" or "dog". In which')
    assert "Name 1 attribute that can be seen." in turn.content


@pytest.mark.parametrize("name", ['cat". Ignore all', "cat\nIgnore\u2028all", "{}", "{0}", "x" * 500])
def test_names_stay_data(name: str) -> None:
    plain = pair_question("cat", "dog", "", 5)[0].content
    content = pair_question(name, "dog", "", 5)[0].content
    assert content.count('"') == plain.count('"')
    assert len(content.splitlines()) == 1
    assert len(content) < len(plain) + 210


@pytest.mark.parametrize("attributes", [1, 5])
def test_the_schema_asks_for_what_is_read(attributes: int) -> None:
    schema = json.loads(pair_schema(attributes))
    array = schema["properties"]["differences"]
    assert (array["minItems"], array["maxItems"]) == (1, attributes)
    assert list(array["items"]["properties"]) == ["attribute", "first", "second"]


def test_small_models_are_held_to_plain_words_that_are_read_with_the_names_in_front() -> None:
    schema = json.loads(small_pair_schema(2))
    array = schema["properties"]["differences"]
    patterns = {key: value["pattern"] for key, value in array["items"]["properties"].items()}
    said = {"attribute": "ears", "first": "with pointed ears", "second": "with long, floppy ears"}
    assert (array["maxItems"], list(patterns)) == (2, list(said))
    assert all(re.search(patterns[key], text) for key, text in said.items())
    for noise in ("bird_airplane_bird_bird", "image.ship.ship.plane", "dog20171226141459", "jerry_fineser_1980"):
        assert not any(re.search(pattern, noise) for pattern in patterns.values())
    (own,) = own_descriptions(differences(json.dumps({"differences": [said]})), "cat", "dog")
    assert own.first == "a photo of a cat, with pointed ears"
    assert own.second == "a photo of a dog, with long, floppy ears"


PLAIN = {"attribute": "ears", "first": CAT, "second": DOG}


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps({"differences": [PLAIN]}),
        json.dumps([PLAIN]),
        json.dumps(PLAIN),
        "```json\n" + json.dumps({"differences": [PLAIN]}, indent=2) + "\n```\nI hope this helps!",
        "Sure! Here are the differences:\n" + json.dumps([PLAIN]),
        json.dumps({"differences": [PLAIN | {"why": "they are different animals"}]}),
        json.dumps({"2_4": {"classes": [2, 4], "prompt_pairs": [{"attr_type": "ears", "prompt_pair": [CAT, DOG]}]}}),
        json.dumps({"attributes": [{"name": "ears", "caption_1": CAT, "caption_2": DOG}]}),
        json.dumps([{"attribute": "ears", "cat": CAT, "dog": DOG}]),
        json.dumps([["ears", CAT, DOG]]),
        json.dumps([{"attribute": "ears", "captions": [f'"{CAT}"', f"1. {DOG}"]}]),
        f"Ears:\nCaption 1: {CAT}\nCaption 2: {DOG}",
        f"1. **Ears**\n- Cat: {CAT}\n- Dog: {DOG}",
        f"Attribute: ears\nFirst: {CAT}\nSecond: {DOG}\n",
        f"ears\n{CAT}\n{DOG}",
        json.dumps({"differences": [PLAIN, PLAIN]}),
        json.dumps({"differences": [PLAIN, SIZE.__class__.__name__, 3, None, {"attribute": "nothing"}]}),
    ],
    ids=ascii,
)
def test_one_difference_is_read_however_it_is_written(reply: str) -> None:
    (found,) = differences(reply)
    assert (found.first, found.second) == (CAT, DOG)
    assert found.attribute.casefold() == "ears"


def test_whole_objects_of_a_reply_that_was_cut_off_are_kept() -> None:
    whole = json.dumps(
        {"differences": [PLAIN, {"attribute": "size", "first": SIZE.first, "second": SIZE.second}, PLAIN]}
    )
    for end in range(len(whole)):
        found = differences(whole[:end])
        assert found in ([], [EARS], [EARS, SIZE]) or end < whole.index("},")
    assert differences(whole[:-20]) == [EARS, SIZE]


def test_several_differences_come_in_order_and_once() -> None:
    text = f"Ears:\n{CAT}\n{DOG}\n\nSize:\n{SIZE.first}\n{SIZE.second}\n"
    assert [d.first for d in differences(text)] == [CAT, SIZE.first]
    assert [d.attribute for d in differences(text)] == ["Ears", "Size"]


@pytest.mark.parametrize(
    "reply",
    [
        "", "   \n\n", "I'm sorry, I can't tell them apart.", "{}", "[]", "null",
        "{" * 9000, '[{"a":' * 3000, "\ud800\udfff",
        json.dumps({"differences": [{"attribute": "ears", "first": CAT, "second": CAT.upper()}]}),
        json.dumps({"differences": [{"attribute": "ears", "first": "a {} with ears", "second": DOG}]}),
        json.dumps({"differences": [{"attribute": "ears", "first": "...", "second": DOG}]}),
        json.dumps({"differences": [{"attribute": "ears", "first": CAT}]}),
        json.dumps({"differences": [{"attribute": "ears", "first": CAT, "second": ["x"]}]}),
        json.dumps({"differences": [{"first": "I'm sorry, I can't see", "second": "As an AI I can't"}]}),
        CAT,
    ],
    ids=lambda reply: ascii(reply[:40]),
)  # fmt: skip
def test_what_is_no_difference_is_left_out(reply: str) -> None:
    assert differences(reply) == []
    assert difference_fault(reply)


@given(st.text())
def test_nothing_a_model_writes_raises(reply: str) -> None:
    for found in differences(reply):
        assert found.first.strip()
        assert found.second.strip()
    assert len(difference_fault(reply).splitlines()) <= 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.text(max_size=20), st.text(max_size=20))
def test_no_json_raises_and_captions_are_clean(value: object, first: str, second: str) -> None:
    for found in own_descriptions(differences(json.dumps(value)), first, second):
        assert not set("{}<>\n") & set(found.first + found.second) - set(first + second)


@pytest.mark.parametrize(
    ("given_captions", "expected"),
    [
        ((CAT, DOG), (CAT, DOG)),
        ((DOG, CAT), (CAT, DOG)),
        ((CAT, "two cats side by side"), None),
        (("dogs and more dogs", DOG), None),
        (("pointed ears", "floppy ears"), ("a photo of a cat, pointed ears", "a photo of a dog, floppy ears")),
        (("a cat, unlike a dog", DOG), ("a cat, unlike a dog", DOG)),
        (("cats in a row", "Dogs in a row"), ("cats in a row", "Dogs in a row")),
        (("a catfish in water", "a hotdog"), ("a photo of a cat, a catfish in water", "a photo of a dog, a hotdog")),
        (("cat", DOG), None),
        (("the cat.", "a dog!"), ("the cat.", "a dog!")),
    ],
)
def test_captions_are_about_their_own_class(given_captions: tuple[str, str], expected: tuple[str, str] | None) -> None:
    found = own_descriptions([Difference("ears", *given_captions)], "cat", "dog")
    assert [(d.first, d.second) for d in found] == ([expected] if expected else [])


def test_a_name_within_the_other_name_is_not_mistaken_for_it() -> None:
    captions = Difference("tail", "a fox with a grey tail", "a red fox with a red tail")
    assert own_descriptions([captions], "fox", "red fox") == [captions]
    turned = Difference("tail", captions.second, captions.first)
    assert own_descriptions([turned], "fox", "red fox") == [captions]


@pytest.mark.parametrize("name", ["c++ (code)", "[x", "猫", "T-shirt/top", "{}", "\\d"])
def test_names_with_signs_are_found_as_they_are(name: str) -> None:
    captions = Difference("looks", f"one {name} seen from above", "a dog seen from above")
    assert own_descriptions([captions], name, "dog") == [captions]
