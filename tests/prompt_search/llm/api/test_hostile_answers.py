"""Servers that answer to do harm: no memory to fill, no number to overflow, no key to show, nobody to be sent on to."""

import json
import re
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from optimizers.errors import LanguageModelRejected, LanguageModelUnavailable
from optimizers.language_model import Reply
from prompt_search.llm.api.answer_body import body_of
from prompt_search.llm.api.chat_model import ChatModel
from prompt_search.llm.api.chat_reply import LONGEST_BODY, UnusableBody
from prompt_search.llm.api.endpoint import Redaction
from prompt_search.llm.api.litellm_model import LiteLLMModel
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from prompt_search.llm.completion_cache import CompletionCache
from prompt_search.llm.reply_text import MOST_TOKENS, stored_reply
from tests.fakes.openai_server import PATIENT, Behaviour, OpenAIServer, completion, rate_limited, raw
from tests.prompt_search.llm.samples import replies, sample

KEY = "sk-very-secret-0123456789ab"
IMPATIENT = Patience(attempts=1, longest_wait=0.01, timeout=PATIENT, longest_asked=5.0)
Connect = Callable[[OpenAIServer], ChatModel]


@pytest.fixture(params=["openai", "litellm"])
def connect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """A model behind a server, by either client."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", KEY)

    def by_litellm(server: OpenAIServer) -> ChatModel:
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.url)
        return LiteLLMModel("hosted_vllm/tiny", patience=IMPATIENT)

    if request.param == "litellm":
        return by_litellm
    return lambda server: OpenAICompatible("tiny", server.url, patience=IMPATIENT)


def packed(body: bytes, status: int, encoding: str = "gzip") -> Behaviour:
    """A body that says it is packed."""
    return lambda exchange: exchange.send(status, body, content_encoding=encoding)


def gzip(megabytes: int) -> bytes:
    """As many megabytes of zeros, in gzip's format."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(megabytes)) + packer.flush()


class Unpacked:
    """Stands in for zlib and adds up what it unpacks."""

    MAX_WBITS, error = zlib.MAX_WBITS, zlib.error

    def __init__(self) -> None:
        self.bytes = 0

    def decompressobj(self, *args: Any, **options: Any) -> "Unpacked":
        self._real = zlib.decompressobj(*args, **options)
        return self

    def decompress(self, *args: Any) -> bytes:
        found = self._real.decompress(*args)
        self.bytes += len(found)
        return found

    def flush(self, *args: Any) -> bytes:
        return self._real.flush(*args)


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_that_unpacks_to_far_more_is_unpacked_up_to_a_bound(
    status: int, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere = Unpacked()
    monkeypatch.setattr("httpx._decoders.zlib", everywhere)
    monkeypatch.setattr("prompt_search.llm.api.answer_body.zlib", everywhere)
    with OpenAIServer([packed(gzip(50), status)]) as server, pytest.raises(LanguageModelUnavailable):
        replies(connect(server), [sample()])
    assert 0 < everywhere.bytes <= LONGEST_BODY + 1


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "\x1b[2J"])
def test_a_body_packed_in_an_unasked_way_is_unusable(encoding: str, connect: Connect) -> None:
    with OpenAIServer([packed(b"x", 200, encoding)]) as server, pytest.raises(LanguageModelUnavailable) as caught:
        replies(connect(server), [sample()])
    assert "content encoding" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_packed_reply_is_read_though_nobody_asked_for_packing(connect: Connect) -> None:
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    body = packer.compress(completion("a cat")) + packer.flush()
    with OpenAIServer([packed(body, 200)]) as server:
        assert replies(connect(server), [sample()])[0].text == "a cat"
        assert server.requests[0].headers["accept-encoding"] == "identity"


class Endless(httpx.AsyncByteStream):
    """Never ends, and counts."""

    sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 1000
            yield bytes(1000)


def test_no_more_of_a_body_is_read_than_shows_that_it_is_too_long() -> None:
    stream = Endless()
    body = anyio.run(body_of, httpx.Response(500, stream=stream))
    assert len(body) == LONGEST_BODY + 1
    assert stream.sent <= LONGEST_BODY + 1000


def test_a_damaged_packed_body_is_unusable() -> None:
    response = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"not gzip"))
    with pytest.raises(UnusableBody, match="gzip"):
        anyio.run(body_of, response)


@pytest.mark.parametrize("count", ["9223372036854775808", "1" + 20 * "0", "1" + 5000 * "0", "-1", "1e300"])
def test_a_count_that_can_not_be_loses_no_reply(count: str, connect: Connect, tmp_path: Path) -> None:
    body = completion("a cat").replace(b'"prompt_tokens": 7', f'"prompt_tokens": {count}'.encode())
    with OpenAIServer([raw(body)]) as server:
        (found,) = replies(connect(server), [sample()])
    assert (found.text, found.prompt_tokens, found.unmetered) == ("a cat", 0, 1)
    cache = CompletionCache(tmp_path / "completions.sqlite")
    cache.put("m", sample(), found)
    assert cache.get("m", sample()) == found


def test_counts_of_any_model_are_bounded_before_they_are_stored() -> None:
    assert stored_reply(Reply("a", prompt_tokens=2**63)).unmetered == 1
    assert stored_reply(Reply("a", completion_tokens=-1)).completion_tokens == 0
    assert stored_reply(Reply("a", "stop", MOST_TOKENS, 3)).prompt_tokens == MOST_TOKENS


def leaked(text: str) -> int:
    """The most letters of the key, from its beginning, that a text shows."""
    shown = re.sub(r"[^!-~]", "", text)
    return max(length for length in range(len(KEY) + 1) if KEY[:length] in shown)


@pytest.mark.parametrize("before", range(1000 - len(KEY), 1001, 3))
def test_a_key_at_which_a_text_is_cut_is_not_shown(before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    body = b" " * before + KEY.encode() + b" is not JSON"
    with OpenAIServer([raw(body)]) as server, pytest.raises(LanguageModelUnavailable) as caught:
        replies(OpenAICompatible("tiny", server.url, patience=IMPATIENT), [sample()])
    assert leaked(str(caught.value)) < 4


@pytest.mark.parametrize("blank", [" ", "\0", "\u200b"])
def test_wherever_a_text_is_cut_no_part_of_a_key_is_shown(blank: str) -> None:
    redaction = Redaction(lambda: [KEY])
    spaced = blank.join(KEY) if blank != " " else KEY
    for before in range(10_000 - len(spaced) - 1, 10_001):
        assert leaked(redaction.quote(blank * before + spaced + " and more")) < 4, before
    for before in range(300):
        assert leaked(redaction.quote("x" * before + KEY + " and more")) < 4, before


@pytest.mark.parametrize("inside", ["\0", "\n", "\u202e", "\x1b", "\u200b\0"])
def test_a_key_with_something_unseen_inside_is_not_shown(inside: str, connect: Connect) -> None:
    said = json.dumps({"error": {"message": f"no such key: {KEY[:9]}{inside}{KEY[9:]}"}}).encode()
    with OpenAIServer([raw(said, status=401)]) as server, pytest.raises(LanguageModelRejected) as caught:
        replies(connect(server), [sample()])
    assert "[secret]" in str(caught.value)
    assert leaked(str(caught.value)) < 4


def test_a_reply_with_the_key_in_pieces_is_stored_without_it(connect: Connect) -> None:
    with OpenAIServer([raw(completion(f"the key is {KEY[:9]}\0{KEY[9:]}."))]) as server:
        assert replies(connect(server), [sample()])[0].text == "the key is [secret]."


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_is_sent_on_to_where_a_server_redirects(status: int, connect: Connect) -> None:
    with OpenAIServer() as other:
        target = other.url.replace("http://", f"http://user:{KEY}@") + "?token=0123456789"
        redirect: Behaviour = lambda exchange: exchange.send(status, b"", location=target)  # noqa: E731
        with OpenAIServer(lambda _: redirect) as server, pytest.raises(LanguageModelRejected) as caught:
            replies(connect(server), [sample("a secret prompt")])
    assert other.requests == []
    assert len(server.requests) == 1
    for url in (server.url, other.url):
        assert url.removesuffix("/v1") in str(caught.value)
    assert "base URL" in str(caught.value)
    assert "0123456789" not in str(caught.value)


def test_a_redirect_to_nowhere_is_one_too(connect: Connect) -> None:
    redirect: Behaviour = lambda exchange: exchange.send(307, b"", location="http://[::1")  # noqa: E731
    with OpenAIServer([redirect]) as server, pytest.raises(LanguageModelRejected, match="an address that is none"):
        replies(connect(server), [sample()])


@pytest.mark.parametrize("asked", ["1e300", "99999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_absurd_wait_is_not_printed_in_full(asked: str, connect: Connect) -> None:
    with OpenAIServer([rate_limited(asked)]) as server, pytest.raises(LanguageModelUnavailable) as caught:
        replies(connect(server), [sample()])
    assert "left alone for a day or longer" in str(caught.value)
    assert not re.search(r"\d{6}", str(caught.value))
