"""A Python callable as a language model."""

import functools
import threading
from typing import Any

import pytest

from optimizers.errors import LanguageModelError, LanguageModelRejected, SettingsError
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


@pytest.mark.parametrize("concurrency", [1, 2, 5, 100])
def test_replies_do_not_depend_on_how_many_calls_are_made_at_once(concurrency: int) -> None:
    asked = [sample(f"cat {i}") for i in range(12)]
    model = FunctionModel(shout, concurrency=concurrency)
    assert [r.text for r in replies(model, asked)] == [f"CAT {i}" for i in range(12)]


def test_by_default_it_is_called_in_the_calling_thread_one_call_after_the_other() -> None:
    threads = set()

    def answer(messages: list[dict[str, str]]) -> str:
        threads.add(threading.current_thread())
        return "a cat"

    replies(FunctionModel(answer), [sample("a"), sample("b")])
    assert threads == {threading.current_thread()}


def test_with_concurrency_calls_are_under_way_at_once_and_failures_name_the_function() -> None:
    together = threading.Barrier(3)

    def answer(messages: list[dict[str, str]]) -> str:
        together.wait(30)
        return {"a": "fine", "b": "good"}[messages[-1]["content"]]

    kept: dict[int, object] = {}
    with pytest.raises(LanguageModelError, match="answer raised KeyError") as caught:
        FunctionModel(answer, concurrency=3).complete([sample("a"), sample("x"), sample("b")], kept.__setitem__)
    assert isinstance(caught.value.__cause__, KeyError)
    assert sorted(kept) == [0, 2]


def test_no_calls_at_a_time_are_refused() -> None:
    with pytest.raises(SettingsError, match="concurrency must be a whole number of at least 1, got 0"):
        FunctionModel(shout, concurrency=0)
