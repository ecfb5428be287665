"""A Python callable as a language model."""

import functools
from typing import Any

import pytest

from optimizers.errors import LanguageModelError, LanguageModelRejected
from optimizers.language_model import Message, Request, Sample, Steering
from prompt_search.llm.function import FunctionModel
from tests.prompt_search.llm.samples import replies, sample


def shout(messages: list[dict[str, str]]) -> str:
    return messages[-1]["content"].upper()


def test_it_is_called_with_messages_and_answers_in_order() -> None:
    assert [r.text for r in replies(FunctionModel(shout), [sample("a"), sample("b")])] == ["A", "B"]


def test_every_message_is_passed_with_its_role() -> None:
    conversation = Request((Message("system", "be brief"), Message("user", "hi")))
    (found,) = replies(FunctionModel(repr), [Sample(conversation, 0, 0)])
    assert found.text == "[{'role': 'system', 'content': 'be brief'}, {'role': 'user', 'content': 'hi'}]"


def test_its_name_is_the_functions_or_the_given_one() -> None:
    assert FunctionModel(shout).name == f"{__name__}.shout"
    assert FunctionModel(shout, name="loud").identity == "python:loud"
    assert "partial" in FunctionModel(functools.partial(shout)).name


@pytest.mark.parametrize("wrong", [None, 7, b"bytes", ["a"]])
def test_a_return_that_is_no_text_names_the_function(wrong: Any) -> None:
    with pytest.raises(LanguageModelError, match=r"loud returned \w+; it must return a str"):
        replies(FunctionModel(lambda messages: wrong, name="loud"), [sample()])


def test_an_exception_of_the_function_is_chained_and_earlier_replies_are_kept() -> None:
    def fragile(messages: list[dict[str, str]]) -> str:
        return {"a": "fine"}[messages[-1]["content"]]

    kept: dict[int, object] = {}
    with pytest.raises(LanguageModelError, match="fragile raised KeyError") as caught:
        FunctionModel(fragile).complete([sample("a"), sample("b")], kept.__setitem__)
    assert isinstance(caught.value.__cause__, KeyError)
    assert list(kept) == [0]


def test_ctrl_c_in_the_function_is_passed_on() -> None:
    def interrupted(messages: list[dict[str, str]]) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replies(FunctionModel(interrupted), [sample()])


def test_a_schema_is_not_held() -> None:
    assert [r.form for r in replies(FunctionModel(shout), [sample("a"), sample("a", json_schema="{}")])] == [
        None,
        "text",
    ]


def test_steering_is_refused() -> None:
    with pytest.raises(LanguageModelRejected, match="can't be steered"):
        replies(FunctionModel(shout), [sample("a", steering=Steering("a", "b"))])
