"""The library of templates: what a domain word makes of one, and which are in it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from evaluators import PHOTO_TEMPLATE, general_templates
from optimizers import Task
from optimizers.template_search import VARIANTS, expand_templates, template_library


def test_a_domain_word_makes_four_of_a_photo_and_two_of_another_sentence() -> None:
    assert expand_templates(["a photo of a {}.", "itap of {}."], ["satellite image"]) == [
        "a photo of a {}.",
        "itap of {}.",
        "a photo of a {}, a type of satellite image.",
        "a photo of a satellite image: {}.",
        "a satellite image of a {}.",
        "a satellite image photo of a {}.",
        "itap of {}, a type of satellite image.",
        "itap of satellite image: {}.",
    ]


def test_a_template_without_a_full_stop_or_a_space_is_left_where_that_matters() -> None:
    assert expand_templates(["{}", "a {}"], ["pet"]) == ["{}", "a {}", "a pet: {}"]


def test_words_with_braces_or_nothing_in_them_are_left_out() -> None:
    assert expand_templates(["a {}."], ["{}", "  ", "a{b", "}", ""]) == ["a {}."]


@given(st.lists(st.sampled_from(general_templates()), max_size=8), st.lists(st.text(max_size=8), max_size=4))
def test_every_template_has_one_place_for_the_name_and_stands_there_once(own: list[str], words: list[str]) -> None:
    made = expand_templates(own, words)
    assert made[: len(set(own))] == list(dict.fromkeys(own))
    assert len(made) == len(set(made)) <= len(own) * (1 + VARIANTS * len(words))
    assert all(template.count("{}") == 1 for template in made)


def test_the_library_begins_with_the_photo_then_the_imported_in_sorted_order(task: Task) -> None:
    library = template_library(task, ["of the {}", "b {}", PHOTO_TEMPLATE, "a {}"], [])
    assert library[:4] == [PHOTO_TEMPLATE, "a {}", "b {}", "of the {}"]
    assert set(general_templates()) <= set(library)
    assert library == template_library(task, ["a {}", "b {}", "of the {}"], [])


def test_what_does_not_fit_is_not_in_it_and_the_name_is_always_left(task: Task) -> None:
    assert template_library(replace(task, fits=lambda text: len(text.split()) <= 3), ["a {}", "a b c {}"], []) == [
        template for template in template_library(task, ["a {}"], []) if len(template.split()) <= 2
    ]
    assert template_library(replace(task, fits=lambda _: False), ["a {}"], ["pet"]) == ["{}"]
