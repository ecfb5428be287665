"""What is sent, and how it changes when a server does not take it."""

import json
from typing import Any

import pytest

from optimizers.errors import LanguageModelRejected
from optimizers.language_model import Message, Picture, Request, Sample, Steering, abilities
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from tests.fakes.openai_server import Behaviour, OpenAIServer, Received, echo, refuse, reply, without
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
        "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True}},
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


def kind(received: Received) -> str | None:
    """The response format that was asked for."""
    return received.body.get("response_format", {}).get("type")  # type: ignore[no-any-return]


def takes(*formats: str | None, said: str = "bad response_format", **details: Any) -> OpenAIServer:
    """A server that takes only some response formats."""
    return OpenAIServer(lambda r: echo if kind(r) in formats else refuse(400, said, **details))


def formats_tried(said: str, taken: str | None, **details: Any) -> list[str | None]:
    """The response formats a model tries against a server that takes only one of them."""
    with takes(taken, None, said=said, **details) as server:
        replies(OpenAICompatible("tiny", server.url), [sample(json_schema=json.dumps(SCHEMA))])
    return [kind(received) for received in server.requests]


@pytest.mark.parametrize("said", ["response_format is not supported", "json_schema: unknown type", "no `json_schema`!"])
def test_the_response_format_is_stepped_down(said: str) -> None:
    assert formats_tried(said, "json_object") == ["json_schema", "json_schema", "json_object"]


def test_the_response_format_is_given_up_in_the_end() -> None:
    assert formats_tried("bad", None, param="response_format.type") == [
        "json_schema",
        "json_schema",
        "json_object",
        None,
    ]


def test_requests_in_flight_together_step_down_once() -> None:
    def script(received: Received) -> Behaviour:
        refused = received.body.get("response_format", {}).get("type") == "json_schema"
        return refuse(400, "json_schema is not supported") if refused else echo

    with OpenAIServer(script) as server:
        model = OpenAICompatible("tiny", server.url)
        replies(model, [sample(str(i), json_schema=json.dumps(SCHEMA)) for i in range(8)])
        replies(model, [sample("later", json_schema=json.dumps(SCHEMA))])
    assert server.requests[-1].body["response_format"] == {"type": "json_object"}
    assert len(server.requests) <= 25


def test_a_complaint_about_something_else_is_a_refusal() -> None:
    with OpenAIServer(lambda _: refuse(400, "the messages are odd")) as server, pytest.raises(LanguageModelRejected):
        replies(OpenAICompatible("tiny", server.url), [sample()])
    assert len(server.requests) == 1


def test_a_server_that_refuses_everything_is_not_asked_forever() -> None:
    script = refuse(400, "seed top_p temperature max_tokens max_completion_tokens")
    with OpenAIServer(lambda _: script) as server, pytest.raises(LanguageModelRejected):
        replies(OpenAICompatible("tiny", server.url), [sample()])
    assert len(server.requests) <= 8


def test_text_that_is_not_valid_unicode_is_sent_all_the_same() -> None:
    with OpenAIServer(lambda _: echo) as server:
        (found,) = replies(OpenAICompatible("tiny", server.url), [sample("a \udcff cat")])
    assert "a \ufffd cat" in found.text


def test_the_cap_on_the_completion_is_never_left_out() -> None:
    said = "max_tokens is too large: 17. At most 9 max_completion_tokens are allowed."
    with OpenAIServer(lambda _: refuse(400, said)) as server, pytest.raises(LanguageModelRejected, match="too large"):
        replies(OpenAICompatible("tiny", server.url), [sample(max_tokens=17)])
    assert all({"max_tokens", "max_completion_tokens"} & request.body.keys() for request in server.requests)


def test_temperature_is_kept_where_it_and_top_p_exclude_each_other() -> None:
    both = refuse(400, "`temperature` and `top_p` cannot both be specified for this model.")
    with OpenAIServer(lambda r: both if {"temperature", "top_p"} <= r.body.keys() else echo) as server:
        replies(OpenAICompatible("tiny", server.url), [sample()])
    assert "temperature" in server.requests[-1].body


HELD = json.dumps({"templates": ["a cat"]})


@pytest.mark.parametrize(
    ("taken", "form"), [(("json_schema",), "schema"), (("json_object",), "json"), ((None,), "text")]
)
def test_a_reply_tells_how_the_model_was_held_to_the_schema(taken: tuple[str | None], form: str) -> None:
    script = refuse(400, "bad response_format")
    with OpenAIServer(lambda r: reply(HELD) if kind(r) in taken else script) as server:
        (found,) = replies(OpenAICompatible("tiny", server.url), [sample("hi", json_schema=json.dumps(SCHEMA))])
    assert found.form == form
    # Providers that have a JSON mode refuse it where the messages do not mention JSON.
    told = f"Answer with JSON only, of this JSON schema: {json.dumps(SCHEMA)}"
    assert (told in server.requests[-1].question) == (form != "schema")
    assert server.requests[-1].question.startswith("hi")


BOUNDED = {"type": "object", "properties": {"pattern": {"type": "string", "maxLength": 9}}, "required": ["pattern"]}


def strictness(received: Received) -> tuple[bool, bool]:
    """Whether a body asks to be strict, and whether its schema has bounds."""
    held = received.body["response_format"]["json_schema"]
    return held.get("strict", False), "maxLength" in json.dumps(held["schema"])


def test_a_provider_that_refuses_bounds_in_strict_schemas_gets_one_without() -> None:
    said = "Invalid schema for response_format 'reply': In context=('properties',), 'maxLength' is not permitted."
    picky = refuse(400, said, "invalid_request_error", "response_format")
    with OpenAIServer(lambda r: picky if strictness(r) == (True, True) else reply('{"pattern": "x"}')) as server:
        (found,) = replies(OpenAICompatible("tiny", server.url), [sample(json_schema=json.dumps(BOUNDED))])
    assert [strictness(each) for each in server.requests] == [(True, True), (True, False)]
    assert server.requests[-1].body["response_format"]["json_schema"]["schema"]["properties"] == {
        "pattern": {"type": "string"}
    }
    assert found.form == "schema"


def test_a_provider_that_does_not_know_strict_gets_the_whole_schema_without() -> None:
    unknown = refuse(422, "extra fields not permitted: strict")
    with OpenAIServer(lambda r: unknown if strictness(r)[0] else reply('{"pattern": "x"}')) as server:
        replies(OpenAICompatible("tiny", server.url), [sample(json_schema=json.dumps(BOUNDED))])
    assert [strictness(each) for each in server.requests] == [(True, True), (True, False), (False, True)]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Sure! a photo of a {}.", "text"),
        ('{"template": ["a cat"]}', "schema"),  # what is not required may be missing
        ('{"templates": "a cat"}', "json"),
        ('["a cat"]', "json"),
        ("", "schema"),  # nothing is shown
        ('<think>JSON?</think>{"templates": []}', "schema"),
    ],
)
def test_form_is_what_the_reply_shows_whatever_was_asked_for(text: str, form: str) -> None:
    """Many servers take response_format and pass over it."""
    with OpenAIServer(lambda _: reply(text)) as server:
        (found,) = replies(OpenAICompatible("tiny", server.url), [sample(json_schema=json.dumps(SCHEMA))])
    assert found.form == form


@pytest.mark.parametrize(("text", "form"), [('{"templates": ["a ca', "schema"), ("Sure! Here", "text"), ("", "schema")])
def test_a_reply_that_was_cut_shows_by_its_beginning(text: str, form: str) -> None:
    with OpenAIServer(lambda _: reply(text, "length")) as server:
        (found,) = replies(OpenAICompatible("tiny", server.url), [sample(json_schema=json.dumps(SCHEMA))])
    assert found.form == form


def test_a_model_whose_server_passes_over_the_schema_is_told_it_from_then_on() -> None:
    asked = sample("hi", json_schema=json.dumps(SCHEMA))
    with OpenAIServer(lambda r: reply(HELD if "JSON schema" in r.question else "a cat")) as server:
        model = OpenAICompatible("tiny", server.url)
        found = [replies(model, [asked])[0].form for _ in range(3)]
    assert found == ["text", "json", "json"]
    assert [kind(received) for received in server.requests] == ["json_schema", "json_object", "json_object"]


def test_without_a_schema_there_is_no_form_and_no_instruction() -> None:
    with OpenAIServer() as server:
        model = OpenAICompatible("tiny", server.url)
        assert replies(model, [sample("hi")])[0].form is None
    assert server.requests[0].question == "hi"


def test_the_instruction_goes_to_the_last_turn_of_the_user() -> None:
    turns = (Message("user", "one"), Message("user", "two"), Message("assistant", "{"))
    with takes("json_object") as server:
        replies(OpenAICompatible("tiny", server.url), [Sample(Request(turns, json_schema=json.dumps(SCHEMA)), 0, 0)])
    sent = [turn["content"] for turn in server.requests[-1].body["messages"]]
    assert (sent[0], sent[2]) == ("one", "{")
    assert sent[1].startswith("two\n\nAnswer with JSON only")


def picture(**sampling: Any) -> Sample:
    return Sample(Request((Message("user", "What is it?", Picture(b"\x89PNG", "image/png")),), **sampling), 0, 0)


def test_a_picture_is_a_part_of_its_message() -> None:
    with OpenAIServer(lambda _: reply("a cat")) as server:
        model = OpenAICompatible("tiny", server.url)
        assert replies(model, [picture()])[0].text == "a cat"
    assert "vision" in abilities(model)
    assert server.requests[0].body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
            ],
        }
    ]


def test_a_picture_goes_with_the_instruction_too() -> None:
    with OpenAIServer(lambda r: reply("{}") if kind(r) is None else refuse(400, "response_format?")) as server:
        replies(OpenAICompatible("tiny", server.url), [picture(json_schema=json.dumps(SCHEMA))])
    text, image = server.requests[-1].body["messages"][0]["content"]
    assert text["text"].startswith("What is it?\n\nAnswer with JSON only")
    assert image["type"] == "image_url"


def test_a_model_that_takes_no_pictures_is_told_apart() -> None:
    said = "this model does not support image input"
    with (
        OpenAIServer(lambda _: refuse(400, said)) as server,
        pytest.raises(LanguageModelRejected, match=f"{said}. It was sent a picture: take a model that can see"),
    ):
        replies(OpenAICompatible("tiny", server.url), [picture()])
    assert len(server.requests) == 1


def test_steering_is_refused_before_anything_is_sent() -> None:
    steered = Sample(Request((Message("user", "hi"),), steering=Steering("a", "b")), 0, 0)
    with OpenAIServer() as server, pytest.raises(LanguageModelRejected, match=r"no access to hidden states.*hf:PATH"):
        replies(OpenAICompatible("tiny", server.url), [sample(), steered])
    assert server.requests == []
