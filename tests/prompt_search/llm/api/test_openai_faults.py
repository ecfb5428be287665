"""Every fault a server can have: retried where that can help, an error that says what to do where it can't."""

import email.utils
import json
from types import SimpleNamespace

import pytest

from optimizers.errors import LanguageModelRejected, LanguageModelUnavailable
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from tests.fakes.openai_server import (
    PATIENT,
    Behaviour,
    Late,
    OpenAIServer,
    completion,
    cut_off,
    drip,
    rate_limited,
    raw,
    refuse,
    reply,
    reset,
)
from tests.prompt_search.llm.samples import replies, sample

THROTTLED: dict[str, Behaviour] = {
    "429": rate_limited(),
    "429 with Retry-After 0": rate_limited(retry_after=0),
    "429 with a nonsense Retry-After": rate_limited(retry_after="soon"),
}
COUNTED: dict[str, Behaviour] = {
    "408": refuse(408, "timed out"),
    "500": refuse(500, "oops"),
    "502 in HTML": raw(b"<html>Bad Gateway</html>", "text/html", 502),
    "503": refuse(503, "overloaded"),
    "connection reset": reset,
    "connection closed in the body": cut_off,
    "half a JSON": raw(completion("a cat")[:30]),
    "nested too deep": raw(b"[" * 200_000),
    "a web page with status 200": raw(b"<html>log in</html>", "text/html"),
    "plain text": raw(b"a cat", "text/plain"),
    "an empty body": raw(b""),
    "a JSON array": raw(b"[]"),
    "no choices": raw(b'{"choices": []}'),
    "no choices key": raw(b'{"id": "x"}'),
    "a choice without a message": raw(b'{"choices": [{"finish_reason": "stop"}]}'),
    "content that is a number": reply(7),
    "an error with status 200": raw(b'{"error": {"message": "upstream is down", "code": 502}}'),
    "an error string with status 200": raw(b'{"error": "upstream is down"}'),
    "ten megabytes": reply("x" * 10_000_000),
}
TRANSIENT = THROTTLED | COUNTED


def impatient(server: OpenAIServer, **settings: float) -> OpenAICompatible:
    defaults: dict[str, float] = {"attempts": 3, "longest_wait": 0.01, "timeout": PATIENT}
    return OpenAICompatible("tiny", server.url, patience=Patience(**(defaults | settings)))  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT.keys())
def test_a_transient_fault_is_retried(fault: Behaviour) -> None:
    with OpenAIServer([fault, fault, reply("a cat")]) as server:
        assert replies(impatient(server), [sample()])[0].text == "a cat"
        assert len(server.requests) == 3


@pytest.mark.parametrize("fault", COUNTED.values(), ids=COUNTED.keys())
def test_when_retries_end_the_error_names_the_endpoint_and_how_to_go_on(fault: Behaviour) -> None:
    with OpenAIServer(lambda _: fault) as server, pytest.raises(LanguageModelUnavailable) as caught:
        replies(impatient(server), [sample()])
    assert server.url in str(caught.value)
    assert "Run the same command again: finished replies are kept" in str(caught.value)
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", THROTTLED.values(), ids=THROTTLED.keys())
def test_being_told_to_slow_down_is_not_an_attempt(fault: Behaviour) -> None:
    with OpenAIServer([fault] * 10) as server:
        (found,) = replies(impatient(server, attempts=3), [sample("hi")])
    assert (found.text, found.unmetered, len(server.requests)) == ("echo: hi", 0, 11)


@pytest.mark.parametrize("fault", THROTTLED.values(), ids=THROTTLED.keys())
def test_being_told_to_slow_down_has_an_end(fault: Behaviour) -> None:
    with OpenAIServer(lambda _: fault) as server, pytest.raises(LanguageModelUnavailable, match="status 429"):
        replies(impatient(server, deadline=0.0), [sample()])
    assert len(server.requests) == 1


def test_the_error_quotes_the_last_fault() -> None:
    with OpenAIServer(lambda _: refuse(503, "overloaded")) as server, pytest.raises(LanguageModelUnavailable) as caught:
        replies(impatient(server), [sample()])
    assert "status 503: overloaded" in str(caught.value)


def test_retry_after_is_honoured(slept: list[float]) -> None:
    with OpenAIServer([rate_limited(retry_after=0.3)]) as server:
        replies(impatient(server), [sample()])
        assert len(server.requests) == 2
    assert slept[0] == pytest.approx(0.3, abs=0.02)


def test_retry_after_may_be_a_date(slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prompt_search.llm.api.chat_fault.time", SimpleNamespace(time=lambda: 1_800_000_000.5))
    with OpenAIServer([rate_limited(email.utils.formatdate(1_800_000_001, usegmt=True))]) as server:
        replies(impatient(server), [sample()])
        assert len(server.requests) == 2
    assert slept[0] == pytest.approx(0.5, abs=0.02)


def test_a_retry_after_beyond_the_longest_wait_is_not_waited_for(slept: list[float]) -> None:
    with OpenAIServer([rate_limited(retry_after=3600)]) as server:
        with pytest.raises(LanguageModelUnavailable, match="asks to be left alone for 3600 s"):
            replies(impatient(server), [sample()])
        assert len(server.requests) == 1
    assert slept == []


@pytest.mark.parametrize("fault", [drip, Late()], ids=["a slow drip", "silence"])
def test_the_timeout_bounds_a_call(fault: Behaviour) -> None:
    with OpenAIServer(lambda _: fault) as server, pytest.raises(LanguageModelUnavailable, match=r"within 0\.5 s"):
        replies(impatient(server, timeout=0.5, attempts=1), [sample("hi")])


def test_a_call_whose_time_is_up_is_made_again(until_time_is_up: Behaviour) -> None:
    with OpenAIServer([until_time_is_up, reply("answered")]) as server:
        assert replies(impatient(server), [sample("hi")])[0].text == "answered"
        assert len(server.requests) == 2


def test_that_no_server_is_there_is_said_soon(slept: list[float]) -> None:
    with OpenAIServer() as server:
        url = server.url
    with pytest.raises(LanguageModelUnavailable, match=r"no connection.*is a server running there"):
        replies(OpenAICompatible("tiny", url), [sample()] * 40)
    assert max(slept) <= 1.0
    assert len(slept) <= 40 * 2


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (refuse(401, "Incorrect API key provided"), "API key"),
        (refuse(403, "not allowed"), "API key"),
        (refuse(404, "The model does not exist", "model_not_found"), "model's name and the base URL"),
        (raw(b"not found", "text/plain", 404), "model's name and the base URL"),
        (refuse(402, "pay"), "credit"),
        (refuse(429, "You exceeded your quota", "insufficient_quota"), "credit"),
        (refuse(400, "messages is malformed"), "does not accept"),
        (refuse(422, "messages is malformed"), "does not accept"),
    ],
)
def test_a_refusal_for_good_is_raised_at_once(fault: Behaviour, advice: str) -> None:
    with OpenAIServer([fault]) as server:
        with pytest.raises(LanguageModelRejected) as caught:
            replies(impatient(server), [sample()])
        assert len(server.requests) == 1
    assert advice in str(caught.value)
    assert server.url in str(caught.value)


def test_a_refusal_is_quoted_short_and_without_control_characters() -> None:
    fault = refuse(400, "bad\x1b[31m\nthing " + "x" * 5000)
    with OpenAIServer([fault]) as server, pytest.raises(LanguageModelRejected) as caught:
        replies(impatient(server), [sample()])
    said = str(caught.value)
    assert "bad [31m thing xxx" in said
    assert said.isprintable()
    assert len(said) < 600


@pytest.mark.parametrize(
    "fault",
    [
        refuse(400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded", "messages"),
        refuse(400, "the request exceeds the available context size. try increasing the context size", "400"),
        refuse(400, "prompt is too long: 200001 tokens > 200000 maximum"),
        refuse(400, "The input token count (9000) exceeds the maximum number of tokens allowed (8192)."),
        refuse(413, "payload too large"),
    ],
)
def test_a_prompt_that_is_too_long_costs_only_its_own_reply(fault: Behaviour) -> None:
    with OpenAIServer(lambda r: fault if r.question == "long" else reply("fine")) as server:
        long, short = replies(impatient(server), [sample("long"), sample("short")])
    assert (long.finish, long.text) == ("error", "")
    assert long.error
    assert (short.finish, short.text) == ("stop", "fine")


@pytest.mark.parametrize(
    "withheld",
    [
        reply(None, "content_filter"),
        reply("I can", "content_filter"),
        reply(None, "stop", refusal="I can't help with that."),
        refuse(400, "The response was filtered", "content_filter"),
    ],
)
def test_a_withheld_answer_is_a_reply(withheld: Behaviour) -> None:
    with OpenAIServer([withheld]) as server:
        assert replies(impatient(server), [sample()])[0].finish == "filter"


def test_a_filter_is_not_asked_again() -> None:
    with OpenAIServer(lambda _: refuse(400, "The response was filtered", "content_filter")) as server:
        (found,) = replies(impatient(server), [sample()])
    assert (found.error, len(server.requests)) == ("The response was filtered", 1)


@pytest.mark.parametrize("content", [None, "", []])
def test_no_content_is_an_empty_reply(content: object) -> None:
    with OpenAIServer([reply(content, "length")]) as server:
        (found,) = replies(impatient(server), [sample()])
    assert (found.text, found.finish) == ("", "length")


def test_content_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "a "}, {"type": "image"}, {"type": "text", "text": "cat"}]
    with OpenAIServer([reply(parts)]) as server:
        assert replies(impatient(server), [sample()])[0].text == "a cat"


def test_half_a_surrogate_pair_is_replaced() -> None:
    with OpenAIServer([reply("a cat \ud83d")]) as server:
        assert replies(impatient(server), [sample()])[0].text == "a cat \ufffd"


@pytest.mark.parametrize("usage", [None, "many", {"prompt_tokens": "7", "completion_tokens": -3}])
def test_unusable_token_counts_are_zero(usage: object) -> None:
    body = json.loads(completion("a cat")) | {"usage": usage}
    with OpenAIServer([raw(json.dumps(body).encode())]) as server:
        (found,) = replies(impatient(server), [sample()])
    assert (found.prompt_tokens, found.completion_tokens) == (0, 0)
