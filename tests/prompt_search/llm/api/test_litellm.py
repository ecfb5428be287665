"""Providers reached through litellm: the same calls, limits and faults as OpenAI's, and not a word more."""

import json
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from optimizers.errors import LanguageModelError, LanguageModelRejected, LanguageModelUnavailable, SettingsError
from optimizers.language_model import Message, Picture, Reply, Request, Sample
from prompt_search.llm.api import litellm_model
from prompt_search.llm.api.litellm_model import LiteLLMModel
from prompt_search.llm.api.sample_call import Patience
from prompt_search.llm.choose import language_model
from tests.fakes.openai_server import (
    PATIENT,
    Behaviour,
    Late,
    OpenAIServer,
    Received,
    completion,
    cut_off,
    drip,
    echo,
    rate_limited,
    raw,
    refuse,
    reply,
    reset,
    without,
)
from tests.prompt_search.llm.samples import replies, sample

KEY = "sk-very-secret-0123456789"
SCHEMA = json.dumps({"type": "object", "properties": {"templates": {"type": "array"}}})


@pytest.fixture(autouse=True)
def no_keys_of_the_person_running_this(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "HOSTED_VLLM_API_BASE", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


Connect = Callable[..., LiteLLMModel]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    def connect(server: OpenAIServer, concurrency: int = 32, **patience: Any) -> LiteLLMModel:
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.url)
        defaults = {"attempts": 3, "longest_wait": 0.01, "timeout": PATIENT, "grace": 0.2}
        return LiteLLMModel("hosted_vllm/tiny", concurrency, Patience(**(defaults | patience)))

    return connect


def test_a_request_is_sent_and_its_reply_read(connect: Connect) -> None:
    with OpenAIServer() as server:
        asked = sample("hi", temperature=0.5, top_p=0.9, max_tokens=17, json_schema=SCHEMA)
        (found,) = replies(connect(server), [asked])
    assert found == Reply("echo: hi", "stop", 7, 3, form="text")  # an echo is held to nothing
    assert found.unmetered == 0
    body = server.requests[0].body
    assert body["messages"] == [{"role": "user", "content": "hi"}]
    assert (body["temperature"], body["top_p"], body["max_tokens"], body["seed"]) == (0.5, 0.9, 17, asked.seed)
    assert body["response_format"]["json_schema"] == {"name": "reply", "schema": json.loads(SCHEMA), "strict": True}


def test_the_identity_tells_servers_apart_and_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_VLLM_API_BASE", f"http://user:{KEY}@host:1/v1?token={KEY}")
    assert LiteLLMModel("hosted_vllm/tiny").identity == "hosted_vllm/tiny@http://host:1/v1"


TRANSIENT: dict[str, Behaviour] = {
    "429": rate_limited(),
    "500": refuse(500, "oops"),
    "502 in HTML": raw(b"<html>Bad Gateway</html>", "text/html", 502),
    "503": refuse(503, "overloaded"),
    "connection reset": reset,
    "connection closed in the body": cut_off,
    "half a JSON": raw(completion("a cat")[:30]),
    "a web page with status 200": raw(b"<html>log in</html>", "text/html"),
    "an empty body": raw(b""),
    "a JSON array": raw(b"[]"),
    "no choices": raw(b'{"choices": []}'),
    "a choice without a message": raw(b'{"choices": [{"finish_reason": "stop"}]}'),
    "an error with status 200": raw(b'{"error": {"message": "upstream is down", "code": 502}}'),
    "ten megabytes": reply("x" * 10_000_000),
}


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT.keys())
def test_a_transient_fault_is_one_attempt_and_retried(fault: Behaviour, connect: Connect) -> None:
    with OpenAIServer([fault, fault, reply("a cat")]) as server:
        (found,) = replies(connect(server), [sample()])
        assert found.text == "a cat"
        assert len(server.requests) == 3
        assert found.unmetered == (0 if fault is TRANSIENT["429"] else 2)


def test_when_retries_end_the_error_says_how_to_go_on(connect: Connect) -> None:
    with OpenAIServer(lambda _: refuse(503, "overloaded")) as server:
        with pytest.raises(LanguageModelUnavailable, match=r"status 503: overloaded.*finished replies are kept"):
            replies(connect(server), [sample()])
        assert len(server.requests) == 3


def test_retry_after_is_honoured(connect: Connect, slept: list[float]) -> None:
    with OpenAIServer([rate_limited(retry_after=0.3)]) as server:
        replies(connect(server), [sample()])
        assert len(server.requests) == 2
    assert slept[0] == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("fault", [drip, Late()], ids=["a slow drip", "silence"])
def test_the_timeout_bounds_a_call(fault: Behaviour, connect: Connect) -> None:
    with OpenAIServer(lambda _: fault) as server, pytest.raises(LanguageModelUnavailable, match=r"within 0\.5 s"):
        replies(connect(server, timeout=0.5, attempts=1), [sample("hi")])


def test_a_call_whose_time_is_up_is_made_again(until_time_is_up: Behaviour, connect: Connect) -> None:
    with OpenAIServer([until_time_is_up, reply("answered")]) as server:
        assert replies(connect(server), [sample("hi")])[0].text == "answered"
        assert len(server.requests) == 2


def test_that_no_server_is_there_is_said_soon(connect: Connect) -> None:
    with OpenAIServer() as server:
        model = connect(server, attempts=8)
    with pytest.raises(LanguageModelUnavailable, match="no connection"):
        replies(model, [sample()])


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (refuse(401, "Incorrect API key provided"), "API key"),
        (refuse(404, "The model does not exist", "model_not_found"), "model's name"),
        (refuse(402, "pay"), "credit"),
        (refuse(429, "You exceeded your quota", "insufficient_quota"), "credit"),
        (refuse(400, "messages is malformed"), "does not accept"),
    ],
)
def test_a_refusal_for_good_is_raised_at_once(fault: Behaviour, advice: str, connect: Connect) -> None:
    with OpenAIServer([fault]) as server:
        with pytest.raises(LanguageModelRejected, match=advice):
            replies(connect(server), [sample()])
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "finish"),
    [
        (refuse(400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"), "error"),
        (refuse(400, "The response was filtered", "content_filter"), "filter"),
        (reply(None, "content_filter"), "filter"),
        (reply("I can", refusal="I can't help with that."), "filter"),
    ],
)
def test_what_concerns_one_prompt_costs_only_its_own_reply(fault: Behaviour, finish: str, connect: Connect) -> None:
    with OpenAIServer(lambda r: fault if r.question == "odd" else reply("fine")) as server:
        odd, plain = replies(connect(server), [sample("odd"), sample("plain")])
    assert (odd.finish, plain.text) == (finish, "fine")


def test_a_reply_without_usage_is_unmetered(connect: Connect) -> None:
    body = {name: value for name, value in json.loads(completion("a cat")).items() if name != "usage"}
    with OpenAIServer([raw(json.dumps(body).encode())]) as server:
        (found,) = replies(connect(server), [sample()])
    assert (found.text, found.unmetered) == ("a cat", 1)


def test_a_parameter_the_server_does_not_take_is_left_out(connect: Connect) -> None:
    with OpenAIServer(without("seed")) as server:
        assert replies(connect(server), [sample("a")])[0].text == "echo: a"
    assert ["seed" in received.body for received in server.requests] == [True, False]


def test_a_parameter_that_litellm_refuses_for_the_provider_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {
        "id": "msg",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": "a cat"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 5, "output_tokens": 2},
    }
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with OpenAIServer(lambda _: raw(json.dumps(answer).encode())) as server:
        monkeypatch.setenv("ANTHROPIC_API_BASE", server.url.removesuffix("/v1"))
        (found,) = replies(
            LiteLLMModel("anthropic/claude-3-5-haiku-latest", patience=Patience(attempts=1)),
            [sample("hi", temperature=0.5)],
        )
    assert found == Reply("a cat", "stop", 5, 2)
    (received,) = server.requests
    assert (received.path, received.headers["x-api-key"]) == ("/v1/messages", KEY)
    assert received.body["temperature"] == 0.5
    assert "seed" not in received.body


def test_a_picture_is_sent_as_a_part_of_its_message(connect: Connect) -> None:
    request = Request((Message("user", "What is it?", Picture(b"\x89PNG", "image/png")),))
    with OpenAIServer(lambda _: reply("a cat")) as server:
        replies(connect(server), [Sample(request, 0, 0)])
    parts = server.requests[0].body["messages"][0]["content"]
    assert parts[0] == {"type": "text", "text": "What is it?"}
    assert parts[1]["image_url"]["url"] == "data:image/png;base64,iVBORw=="


def test_many_calls_are_in_flight_at_once_again_and_again(connect: Connect) -> None:
    together = threading.Barrier(8)

    def meet(exchange: Any) -> None:
        together.wait(120)
        echo(exchange)

    with OpenAIServer(lambda _: meet) as server:
        model = connect(server, concurrency=8)
        for _ in range(2):
            found = replies(model, [sample(str(number)) for number in range(8)])
            assert [answer.text for answer in found] == [f"echo: {number}" for number in range(8)]


def test_a_server_that_repeats_the_key_does_not_get_it_shown(
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", KEY)

    def script(received: Received) -> Behaviour:
        if received.question == "repeat":
            return reply(f"the key is {received.headers['authorization']}")
        return refuse(400, f"who is {received.headers['authorization']}?")

    with OpenAIServer(script) as server:
        model = connect(server)
        assert replies(model, [sample("repeat")])[0].text == "the key is Bearer [secret]"
        with pytest.raises(LanguageModelError, match=r"who is Bearer \[secret\]") as caught:
            replies(model, [sample()])
    assert caught.value.__context__ is None
    assert KEY not in caplog.text + repr(model) + model.identity + "".join(capfd.readouterr())


def test_litellm_prints_and_logs_nothing(
    connect: Connect, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer([refuse(500, "oops"), raw(b"{}"), echo]) as server:
        replies(connect(server), [sample()])
    with pytest.raises(SettingsError):
        LiteLLMModel("nonsense/tiny")
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_missing_key_is_named_before_anything_is_sent() -> None:
    with pytest.raises(SettingsError, match=r"ANTHROPIC_API_KEY in the environment; ANTHROPIC_API_KEY_FILE"):
        LiteLLMModel("anthropic/claude-3-5-haiku-latest")
    with pytest.raises(SettingsError, match=r"GEMINI_API_KEY or|or GEMINI_API_KEY"):
        LiteLLMModel("gemini/gemini-2.5-flash")


def test_a_key_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "key").write_text(f"{KEY}\nanything else\n")
    monkeypatch.setenv("ANTHROPIC_API_KEY_FILE", str(tmp_path / "key"))
    with OpenAIServer(lambda r: refuse(401, f"wrong: {r.headers['x-api-key']}")) as server:
        monkeypatch.setenv("ANTHROPIC_API_BASE", server.url.removesuffix("/v1"))
        with pytest.raises(LanguageModelRejected, match=r"wrong: \[secret\]"):
            replies(LiteLLMModel("anthropic/claude-3-5-haiku-latest", patience=Patience(attempts=1)), [sample()])
    assert server.requests[-1].headers["x-api-key"] == KEY


def test_the_address_of_an_own_server_is_asked_for() -> None:
    with pytest.raises(SettingsError, match="HOSTED_VLLM_API_BASE"):
        LiteLLMModel("hosted_vllm/tiny")


def test_ollama_has_an_address_of_its_own() -> None:
    assert LiteLLMModel("ollama/llama3").identity == "ollama/llama3@http://localhost:11434"


def test_an_unknown_provider_gets_a_suggestion(tmp_path: Any) -> None:
    with pytest.raises(SettingsError, match=r"unknown provider 'antropic'.*Did you mean 'anthropic'"):
        language_model("antropic/claude", cache_dir=tmp_path)


def test_without_litellm_the_way_to_complete_the_installation_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)
    litellm_model.import_litellm.cache_clear()
    with pytest.raises(SettingsError, match=r"litellm, which can't be imported .*: (uv )?pip install \.$"):
        language_model("anthropic/claude", cache_dir=tmp_path)
