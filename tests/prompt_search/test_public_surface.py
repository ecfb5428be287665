"""What the package promises to have."""

import inspect

import evaluators.errors
import optimizers.errors
import prompt_search
import prompt_search.errors


def test_every_public_name_is_there_and_documented() -> None:
    for name in prompt_search.__all__:
        value = getattr(prompt_search, name)
        assert inspect.getdoc(value)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(prompt_search, "optimise")


def test_the_whole_error_tree_is_visible_in_one_place() -> None:
    declared = {*evaluators.errors.__all__, *optimizers.errors.__all__}
    assert declared <= set(prompt_search.errors.__all__)
    for name in prompt_search.errors.__all__:
        kind = getattr(prompt_search.errors, name)
        assert issubclass(kind, prompt_search.errors.PromptSearchError)
        assert name in (evaluators.errors.__doc__ or "")
