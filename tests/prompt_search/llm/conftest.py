"""Time for the tests of language models: told by what asks for it, and never by how fast the machine is."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes.openai_server import Behaviour, Exchange, Late


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that anything asks to sleep from now on, and does."""
    real, asked = asyncio.sleep, list[float]()

    async def sleep(delay: float, result: Any = None) -> Any:
        if delay > 0:
            asked.append(delay)
        return await real(delay, result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return asked


@pytest.fixture
def until_time_is_up(monkeypatch: pytest.MonkeyPatch) -> Behaviour:
    """No answer: a call's time is up in the moment this server has it, and no other call's ever is.

    It knows the latest call only, so calls are made one after the other.
    """
    latest: list[tuple[asyncio.AbstractEventLoop, asyncio.Timeout]] = []

    def timeout(seconds: float) -> asyncio.Timeout:
        latest[:] = [(asyncio.get_running_loop(), asyncio.timeout(None))]
        return latest[0][1]

    def silent(exchange: Exchange) -> None:
        loop, call = latest[0]
        loop.call_soon_threadsafe(call.reschedule, loop.time())
        exchange.wait(Late.seconds)

    monkeypatch.setattr("prompt_search.llm.api.chat_call.asyncio", SimpleNamespace(timeout=timeout))
    return silent
