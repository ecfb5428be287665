"""Templates and class names are data, however they look."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators import PHOTO_TEMPLATE, PLACEHOLDER, fill, general_templates, normalize_template
from evaluators.errors import PromptError


@pytest.mark.parametrize("name", ["{0}", "{name}", "{", "}", "%s", "\\1", "$x", "🐈", "a\nb", "{!r}", "{0.__class__}"])
def test_a_class_name_is_put_in_as_it_is(name: str) -> None:
    assert fill("a photo of a {}.", name) == f"a photo of a {name}."


def test_every_placeholder_is_filled_and_other_braces_stay() -> None:
    assert fill("{} next to {} in {curly} {0}", "cat") == "cat next to cat in {curly} {0}"


def test_a_name_that_is_a_placeholder_is_not_filled_again() -> None:
    assert fill("{} and {}", "{}") == "{} and {}"


@pytest.mark.parametrize(
    "written",
    ["{c}", "{ C }", "{class}", "{Class Name}", "{classname}", "<CLASS>", "< category >", "[CLASS]", "{ }", "{label}"],
)
def test_placeholders_of_other_methods_are_accepted(written: str) -> None:
    assert normalize_template(f"a photo of a {written}.") == PHOTO_TEMPLATE


@pytest.mark.parametrize("text", ["", " ", "a photo", "{", "}{", "{0}", "{unknown}", "<b>", "[x]", "%s", "{\u200b}"])
def test_a_text_without_a_placeholder_is_refused_and_shown(text: str) -> None:
    with pytest.raises(PromptError, match="no place for the class name") as refused:
        normalize_template(text)
    assert repr(text) in str(refused.value)


def test_white_space_is_folded() -> None:
    assert normalize_template("\n a\tphoto \r\n of  {} ") == "a photo of {}"


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_any_text_is_normalised_once_and_for_all_or_refused(text: str) -> None:
    try:
        once = normalize_template(text)
    except PromptError:
        return
    assert PLACEHOLDER in once
    assert " ".join(once.split()) == once


def test_the_general_templates_are_the_80_of_open_clip() -> None:
    import open_clip

    assert [fill(t, "cat") for t in general_templates()] == [t("cat") for t in open_clip.OPENAI_IMAGENET_TEMPLATES]
    assert len(general_templates()) == 80
