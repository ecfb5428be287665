"""Conversations that do not fit the model's context."""

import logging

import pytest

from optimizers.language_model import Message, Request, Sample
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.requests import shortened
from tests.fakes.openai_server import Behaviour, OpenAIServer, Received, echo, refuse
from tests.prompt_search.llm.samples import replies

SYSTEM = Message("system", "Be brief.")
TURNS = tuple(Message("user" if i % 2 == 0 else "assistant", str(i)) for i in range(7))
TOO_LONG = refuse(400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded", "messages")


def fits(most: int) -> OpenAIServer:
    """A server that takes so many turns."""

    def script(received: Received) -> Behaviour:
        return echo if len(received.body["messages"]) <= most else TOO_LONG

    return OpenAIServer(script)


def texts(messages: tuple[Message, ...] | None) -> list[str] | None:
    return None if messages is None else [turn.content for turn in messages]


def test_the_oldest_exchange_goes_first_and_the_system_stays() -> None:
    assert texts(shortened((SYSTEM, *TURNS))) == ["Be brief.", "2", "3", "4", "5", "6"]
    assert texts(shortened(TURNS[4:])) == ["6"]


def test_a_last_question_alone_can_not_be_shortened() -> None:
    assert shortened((SYSTEM, TURNS[0])) is None
    assert shortened(TURNS[:2]) is None


def test_a_history_opened_by_the_assistant_is_shortened_to_the_user() -> None:
    assert texts(shortened((SYSTEM, *TURNS[1:3]))) == ["Be brief.", "2"]


def test_the_history_is_shortened_until_it_fits_and_the_reply_says_so() -> None:
    with fits(4) as server:
        model = OpenAICompatible("tiny", server.url)
        (found,) = replies(model, [Sample(Request((SYSTEM, *TURNS)), 0, 0)])
    assert (found.text, found.shortened) == ("echo: 6", True)
    assert [turn["content"] for turn in server.requests[-1].body["messages"]] == ["Be brief.", "4", "5", "6"]
    assert [len(received.body["messages"]) for received in server.requests] == [8, 6, 4]
    assert found.unmetered == 0


def test_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with fits(1) as server:
        model = OpenAICompatible("tiny", server.url)
        replies(model, [Sample(Request(TURNS), 0, occurrence) for occurrence in range(3)])
    assert [record.message for record in caplog.records] == [
        "a conversation is too long for tiny; its oldest turns are left out"
    ]


def test_a_single_turn_that_is_too_long_costs_only_its_reply() -> None:
    with fits(0) as server:
        (found,) = replies(OpenAICompatible("tiny", server.url), [Sample(Request((SYSTEM, TURNS[0])), 0, 0)])
    assert (found.text, found.finish) == ("", "error")
    assert found.error is not None
    assert "maximum context length" in found.error
    assert len(server.requests) == 1
