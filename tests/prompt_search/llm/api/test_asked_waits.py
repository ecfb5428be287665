"""A server that says when to come back."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from optimizers.errors import LanguageModelUnavailable
from optimizers.language_model import Traffic
from prompt_search.llm.api.call_line import AdaptiveLimit
from prompt_search.llm.api.chat_fault import asked_wait
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from tests.fakes.openai_server import OpenAIServer, rate_limited, refuse
from tests.prompt_search.llm.samples import replies, sample


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Rate limit reached for gpt-4o on tokens per min: Limit 30000. Please try again in 7m12s. Visit ...", 432.0),
        ("Please try again in 1.5s.", 1.5),
        ("Please try again in 120ms.", 0.12),
        ("Please try again in 1h2m3s", 3723.0),
        ("Rate limit reached. Please try again in 2m59.56s. Need more tokens?", 179.56),
        ("Please retry after 20 seconds.", 20.0),
        ("Quota exceeded. Please retry in 38.1s.", 38.1),
        ("wait for 3 minutes", 180.0),
        ("Rate limit reached: 500 requests in 60 s", None),
        ("try again later", None),
        ("", None),
    ],
)
def test_a_wait_in_words_is_read(said: str, seconds: float | None) -> None:
    found = asked_wait(said)
    assert found == (None if seconds is None else pytest.approx(seconds))


class Sleeping:
    """A clock that only sleep moves, and what there is to see while it lasts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.until: Callable[[], bool] = lambda: True
        self._real = asyncio.sleep
        monkeypatch.setattr(AdaptiveLimit.__init__, "__defaults__", (lambda: self.now,))
        monkeypatch.setattr("tenacity.time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    async def sleep(self, delay: float, result: Any = None) -> Any:
        while delay and not self.until():
            await self._real(0.01)
        self.now += delay
        return await self._real(0, result)


def test_a_wait_in_words_is_kept_and_its_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Traffic] = []
    sleeping = Sleeping(monkeypatch)
    sleeping.until = lambda: any(traffic.held_until for traffic in seen)
    with OpenAIServer([refuse(429, "Please try again in 7m12s.", "rate_limit_exceeded")]) as server:
        model = OpenAICompatible("tiny", server.url)
        model.on_traffic = seen.append
        replies(model, [sample()])
        assert len(server.requests) == 2
    held = {traffic.held_until for traffic in seen if traffic.held_until is not None}
    assert held == {432.0}
    assert seen[-1].held_until is None
    assert 432.0 <= sleeping.now <= 433.0


def test_a_wait_beyond_the_deadline_is_waited_for_and_beyond_the_longest_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Sleeping(monkeypatch)
    impatient = {"deadline": 0.3, "longest_wait": 0.05}
    with OpenAIServer([rate_limited(retry_after=1)]) as server:
        replies(OpenAICompatible("tiny", server.url, patience=Patience(**impatient)), [sample()])  # type: ignore[arg-type]
        assert len(server.requests) == 2
    with OpenAIServer(lambda _: rate_limited(retry_after=1)) as server:
        patience = Patience(longest_asked=2.5, **impatient)  # type: ignore[arg-type]
        with pytest.raises(LanguageModelUnavailable, match="asks to be left alone for 1 s"):
            replies(OpenAICompatible("tiny", server.url, patience=patience), [sample()])
        assert len(server.requests) == 3


def test_time_that_a_server_asked_for_is_no_silence() -> None:
    now = [0.0]
    limit = AdaptiveLimit(4, clock=lambda: now[0])
    limit.hold(432)
    limit.hold(400)  # within the first
    now[0] = 440.0
    assert (limit.held, limit.quiet_for(0.0)) == (432.0, 8.0)
    limit.answered()
    assert (limit.held, limit.held_until) == (0.0, None)
