"""Descriptors become sentences, sentences and names stay what they are, and what can't be told is asked."""

import pytest

from evaluators import ClassLabel
from prompt_search.errors import PromptError
from prompt_search.prompt_files.reading.by_class import share_named
from prompt_search.prompt_files.reading.descriptors import join
from tests.prompt_search.prompt_files.conftest import Import

DESCRIPTORS = {"red": ["a warm tone", "the colour of fire"], "green": ["a leafy tone"], "blue": ["a cold tone"]}


def texts(imported: Import, content: object, **more: object) -> dict[str, tuple[str, ...]]:
    prompts = imported(content, **more).prompts.compiled()
    return {label.id: own for label, own in zip(prompts.classes, prompts.texts, strict=True)}


def test_descriptors_are_joined_with_the_name_of_their_class_and_the_reading_is_told(imported: Import) -> None:
    read = imported(DESCRIPTORS)
    assert texts(imported, DESCRIPTORS) == {
        "red": ("red, which has a warm tone.", "red, which has the colour of fire."),
        "green": ("green, which has a leafy tone.",),
        "blue": ("blue, which has a cold tone.",),
    }
    (line,) = read.reading
    assert "descriptors by class (DCLIP), joined with the class's name; 0 % of the texts hold the name" in line
    for example in ("blue, which has a cold tone.", "green, which has a leafy tone.", "red, which has a warm tone."):
        assert repr(example) in line


@pytest.mark.parametrize(
    ("descriptor", "sentence"),
    [
        ("long, bushy tail", "fox, which has long, bushy tail."),
        ("A long tail.", "fox, which has a long tail."),
        ("- pointed ears,", "fox, which has pointed ears."),
        ("has four legs", "fox, which has four legs."),
        ("is reddish brown", "fox, which is reddish brown."),
        ("often seen at night", "fox, which is often seen at night."),
        ("usually has a white tip", "fox, which usually has a white tip."),
        ("may be curled up", "fox, which may be curled up."),
        ("which lives in woods", "fox, which lives in woods."),
        ("It is small.", "fox, which is small."),
        ("They have whiskers", "fox, which have whiskers."),
        ("found in forests", "fox, which is found in forests."),
        ("in the shape of a dog", "fox, which is in the shape of a dog."),
        ("red or orange", "fox, which is red or orange."),
        ("a medium-sized animal", "fox, which is a medium-sized animal."),
        ("with a white belly", "fox, with a white belly."),
        ("The fur is red.", "fox: The fur is red."),
        ("fur that is orange with black spots", "fox, which has fur that is orange with black spots."),
        ("a photo of an animal with stripes", "fox, a photo of an animal with stripes."),
        ("It hunts at night.", "a photo of a fox. It hunts at night."),
        ("they sleep by day", "a photo of a fox. They sleep by day."),
        ("nocturnal", "fox, nocturnal."),
        ("usually nocturnal", "fox, usually nocturnal."),
        ("sleeping on a sofa", "fox, sleeping on a sofa."),
        ("chasing birds", "fox, chasing birds."),
        ("hunts at night", "fox, hunts at night."),
        ("perched on a branch", "fox, perched on a branch."),
        ("drooping ears", "fox, which has drooping ears."),
        ("wings", "fox, which has wings."),
        ("2 wings", "fox, which has 2 wings."),
        ("irrigation systems", "fox, which has irrigation systems."),
        ("A medium-sized feline", "fox, which is a medium-sized feline."),
        ("a medium-sized quadruped with stripes", "fox, which is a medium-sized quadruped with stripes."),
        ("medium-sized ears", "fox, which has medium-sized ears."),
    ],
)
def test_a_descriptor_is_joined_by_the_verb_that_fits(descriptor: str, sentence: str) -> None:
    assert join("fox", descriptor) == sentence


@pytest.mark.parametrize(
    ("content", "first"),
    [
        (
            {"Hund": ["eine feuchte Nase", "ein weiches Fell"], "Katze": ["lange Schnurrhaare"]},
            "Hund, eine feuchte Nase.",
        ),
        (
            {"Hund": ["feuchte Nase", "weiches Fell", "spitze Ohren"], "Katze": ["lange Schnurrhaare"]},
            "Hund, feuchte Nase.",
        ),
        (
            {"perro": ["orejas puntiagudas", "hocico largo"], "gato": ["bigotes largos", "piel a rayas"]},
            "perro, orejas",
        ),
        ({"犬": ["湿った鼻"], "猫": ["長いひげ", "尖った耳"]}, "犬, 湿った鼻."),
    ],
)
def test_descriptors_in_another_language_get_no_english_words(
    imported: Import, content: dict[str, list[str]], first: str
) -> None:
    classes = tuple(ClassLabel(name, name) for name in content)
    assert texts(imported, content, classes=classes)[classes[0].id][0].startswith(first)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("tabby_cat", "A tabby cat has stripes."),
        ("tabby-cat", "Tabby cats purr."),
        ("TABBY CAT", "The tabby-cat sleeps."),
        ("horses", "A horse has hooves."),
        ("industrial buildings or commercial buildings", "A view of commercial or industrial sites."),
        ("Katze", "Ein Foto von Katzen."),
        ("кошка", "На фото кошка."),
        ("猫", "猫の写真。"),
    ],
)
def test_a_sentence_holds_its_class_in_other_spellings_and_numbers(name: str, sentence: str) -> None:
    assert share_named({"x": [sentence]}, {"x": [name]}) == 1


@pytest.mark.parametrize(
    ("name", "text"), [("cat", "a concatenation"), ("ship", "a relationship"), ("red", "a hundred")]
)
def test_a_word_that_only_contains_the_name_is_not_the_name(name: str, text: str) -> None:
    assert share_named({"x": [text]}, {"x": [name]}) == 0


def test_descriptors_with_a_word_of_the_name_are_descriptors(imported: Import) -> None:
    content = {"black cat": ["black fur", "a long black tail"], "red fox": ["red fur", "pointed ears"]}
    classes = tuple(ClassLabel(name, name) for name in content)
    assert texts(imported, content, classes=classes)["black cat"][0] == "black cat, which has black fur."


def test_sentences_about_their_class_stay_as_they_are_even_where_some_lack_its_name(imported: Import) -> None:
    content = {
        "red": ["Red is warm.", "It glows."],
        "green": ["Green leaves."],
        "blue": ["A blue sea.", "A cold tone."],
    }
    assert texts(imported, content)["red"] == ("Red is warm.", "It glows.")
    assert "sentences by class (CuPL), as they are; 60 % of the texts" in imported(content).reading[0]


def test_descriptors_among_sentences_are_joined_and_counted(imported: Import) -> None:
    content = {
        "tabby cat": ["A photo of a tabby cat on a sofa.", "long whiskers", "has pointed ears"],
        "red fox": ["The red fox is an animal of the woods.", "red fur", "A red fox in snow."],
        "barn owl": ["A barn owl has a pale face.", "a white face"],
    }
    classes = tuple(ClassLabel(name, name) for name in content)
    assert texts(imported, content, classes=classes) == {
        "barn owl": ("A barn owl has a pale face.", "barn owl, which has a white face."),
        "red fox": ("The red fox is an animal of the woods.", "red fox, which has red fur.", "A red fox in snow."),
        "tabby cat": (
            "A photo of a tabby cat on a sofa.",
            "tabby cat, which has long whiskers.",
            "tabby cat, which has pointed ears.",
        ),
    }
    (line,) = imported(content, classes=classes).reading
    assert "sentences and descriptors by class, as they are, but for 4 of 8: descriptors, joined with the name" in line
    assert texts(imported, content, classes=classes, stated="cupl")["barn owl"][1] == "a white face"


def test_descriptors_written_as_sentences_are_joined_where_they_are_many(imported: Import) -> None:
    content = {
        "red": ["Red is warm.", "A warm tone."],
        "green": ["Green leaves."],
        "blue": ["Blue sea.", "A cold tone."],
    }
    assert texts(imported, content)["blue"] == ("Blue sea.", "blue, which has a cold tone.")
    assert "but for 2 of 5" in imported(content).reading[0]


def test_a_few_remains_of_sentences_stay(imported: Import) -> None:
    sentences = [f"A red thing, number {i}." for i in range(30)]
    content = {"red": [*sentences, "surrounded by trees."], "green": ["a green."], "blue": ["a blue."]}
    assert texts(imported, content)["red"][-1] == "surrounded by trees."


def test_synonyms_are_names_and_no_descriptors(imported: Import) -> None:
    content = {"red": ["red", "crimson"], "green": ["green", "emerald green"], "blue": ["Blue", "azure", "navy"]}
    assert texts(imported, content)["blue"] == ("Blue", "azure", "navy")
    assert "names by class" in imported(content).reading[0]


def test_proapos_names_and_descriptions_make_a_sentence_without_their_separator(imported: Import) -> None:
    content = {"red": ["red", "crimson**+*+**It is warm."], "green": ["green**+*+**leafy"], "blue": ["blue"]}
    assert texts(imported, content)["red"] == ("a photo of a red.", "a photo of a crimson. It is warm.")


@pytest.mark.parametrize(
    "content",
    [
        {"red": ["The tone is warm."], "green": ["Leaves are like it."], "blue": ["The sea is like it."]},
        {"red": ["crimson", "scarlet"], "green": ["emerald"], "blue": ["azure", "navy"]},
        {"red": ["red wine", "crimson"], "green": ["emerald"], "blue": ["azure", "navy blue"]},
    ],
)
def test_what_can_not_be_told_is_asked_and_what_is_stated_is_done(imported: Import, content: object) -> None:
    with pytest.raises(PromptError, match=r"mine\.json: it is unclear.*format is dclip.*cupl"):
        imported(content)
    as_they_are = texts(imported, content, stated="cupl")
    assert as_they_are == {name: tuple(own) for name, own in content.items()}  # type: ignore[attr-defined]
    assert all(text.startswith("red") for text in texts(imported, content, stated="dclip")["red"])


def test_what_a_person_states_wins_over_what_it_looks_like(imported: Import) -> None:
    assert texts(imported, DESCRIPTORS, stated="cupl")["green"] == ("a leafy tone",)


def test_a_class_with_an_empty_list_keeps_the_template_and_it_is_said(imported: Import) -> None:
    content = {"red": ["a red square."], "green": [], "blue": ["a blue square."]}
    assert texts(imported, content)["green"] == ("a photo of a green.",)
    assert any("no text for 'green'" in line for line in imported(content).reading)


def test_places_for_the_name_in_texts_by_class_are_filled(imported: Import) -> None:
    content = {"red": ["a {c}, warm"], "green": ["a {}, leafy"], "blue": ["a blue, cold"]}
    assert texts(imported, content) == {
        "red": ("a red, warm",),
        "green": ("a green, leafy",),
        "blue": ("a blue, cold",),
    }
    assert any("filled into 2 texts" in line for line in imported(content).reading)


def test_every_text_that_counts_as_filled_is_filled_in_whatever_notation(imported: Import) -> None:
    content = {"red": ["tail of a {0}"], "green": ["face of a {{}}"], "blue": ["eye of a {{c}}", "a blue {1}"]}
    assert texts(imported, content) == {
        "red": ("tail of a red",),
        "green": ("face of a green",),
        "blue": ("eye of a blue", "a blue {1}"),
    }
    assert any("filled into 3 texts" in line for line in imported(content).reading)


def test_doubled_braces_in_templates_are_places(imported: Import) -> None:
    assert imported(["a {{}}.", "the {{ 0 }}", "one {{class}}"]).prompts.compiled().templates == (
        "a {}.",
        "the {}",
        "one {}",
    )


def test_a_key_that_is_there_twice_is_refused(imported: Import) -> None:
    with pytest.raises(PromptError, match="the key 'red' more than once"):
        imported('{"red": ["a red"], "red": ["a red thing"], "green": ["a green"], "blue": ["a blue"]}')
