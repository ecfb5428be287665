"""What is sent, and how it changes when a server does not take it."""

import json
from typing import Any

import pytest

from optimizers.errors import LanguageModelRejected
from prompt_search.llm.openai_compatible import OpenAICompatible
from tests.fakes.openai_server import Behaviour, OpenAIServer, Received, echo, refuse, without
from tests.prompt_search.llm.samples import replies, sample

SCHEMA = {"type": "object", "properties": {"templates": {"type": "array"}}}


def test_the_whole_request_is_sent() -> None:
    asked = sample("hi", temperature=0.5, top_p=0.9, max_tokens=17, json_schema=json.dumps(SCHEMA))
    with OpenAIServer() as server:
        replies(OpenAICompatible("tiny", server.url), [asked])
    assert server.requests[0].path == "/v1/chat/completions"
    assert server.requests[0].body == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 17,
        "seed": asked.seed,
        "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}},
    }


@pytest.mark.parametrize("parameter", ["seed", "top_p", "temperature"])
def test_a_parameter_the_model_does_not_take_is_left_out_from_then_on(parameter: str) -> None:
    with OpenAIServer(without(parameter)) as server:
        model = OpenAICompatible("tiny", server.url, concurrency=1)
        assert [r.text for r in replies(model, [sample("a"), sample("b")])] == ["echo: a", "echo: b"]
        replies(model, [sample("c")])
    assert [parameter in received.body for received in server.requests] == [True, False, False, False]


def test_max_tokens_becomes_max_completion_tokens() -> None:
    said = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."

    def script(received: Received) -> Behaviour:
        return refuse(400, said, "unsupported_parameter", "max_tokens") if "max_tokens" in received.body else echo

    with OpenAIServer(script) as server:
        replies(OpenAICompatible("tiny", server.url), [sample(max_tokens=17)])
    assert server.requests[-1].body["max_completion_tokens"] == 17
    assert "max_tokens" not in server.requests[-1].body


def formats_tried(said: str, taken: str | None, **details: Any) -> list[str | None]:
    """The response formats a model tries against a server that takes only one of them."""

    def kind(received: Received) -> str | None:
        return received.body.get("response_format", {}).get("type")  # type: ignore[no-any-return]

    def script(received: Received) -> Behaviour:
        return echo if kind(received) in (taken, None) else refuse(400, said, **details)

    with OpenAIServer(script) as server:
        replies(OpenAICompatible("tiny", server.url), [sample(json_schema=json.dumps(SCHEMA))])
    return [kind(received) for received in server.requests]


@pytest.mark.parametrize("said", ["response_format is not supported", "json_schema: unknown type", "no `json_schema`!"])
def test_the_response_format_is_stepped_down(said: str) -> None:
    assert formats_tried(said, "json_object") == ["json_schema", "json_object"]


def test_the_response_format_is_given_up_in_the_end() -> None:
    assert formats_tried("bad", None, param="response_format.type") == ["json_schema", "json_object", None]


def test_requests_in_flight_together_step_down_once() -> None:
    def script(received: Received) -> Behaviour:
        refused = received.body.get("response_format", {}).get("type") == "json_schema"
        return refuse(400, "json_schema is not supported") if refused else echo

    with OpenAIServer(script) as server:
        model = OpenAICompatible("tiny", server.url)
        replies(model, [sample(str(i), json_schema=json.dumps(SCHEMA)) for i in range(8)])
        replies(model, [sample("later", json_schema=json.dumps(SCHEMA))])
    assert server.requests[-1].body["response_format"] == {"type": "json_object"}
    assert len(server.requests) <= 17


def test_a_complaint_about_something_else_is_a_refusal() -> None:
    with OpenAIServer(lambda _: refuse(400, "the messages are odd")) as server, pytest.raises(LanguageModelRejected):
        replies(OpenAICompatible("tiny", server.url), [sample()])
    assert len(server.requests) == 1


def test_a_server_that_refuses_everything_is_not_asked_forever() -> None:
    script = refuse(400, "seed top_p temperature max_tokens max_completion_tokens")
    with OpenAIServer(lambda _: script) as server, pytest.raises(LanguageModelRejected):
        replies(OpenAICompatible("tiny", server.url), [sample()])
    assert len(server.requests) <= 8
