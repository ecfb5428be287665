"""Replies that are there when everything is called off."""

import asyncio

import pytest

from optimizers.errors import LanguageModelUnavailable
from optimizers.language_model import Reply, Sample
from prompt_search.llm.api.call_line import AdaptiveLimit, CallLine
from prompt_search.llm.api.call_pool import CallPool, Event
from prompt_search.llm.api.chat_fault import TransientFault
from prompt_search.llm.api.sample_call import Patience, SampleCall
from tests.prompt_search.llm.samples import sample

TOGETHER = Patience(grace=0.0, head_start=0.0)


class Provider:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.answers: dict[str, asyncio.Future[Reply]] = {}

    async def ask(self, asked: Sample) -> Reply:
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.answers[asked.request.messages[0].content] = answer
        return await answer

    def pool(self, names: str, limit: int, patience: Patience = TOGETHER) -> CallPool:
        line = CallLine(AdaptiveLimit(limit))

        def begin(asked: Sample) -> SampleCall:
            return SampleCall(asked, self.ask, line, patience, lambda fault: LanguageModelUnavailable(str(fault)))

        return CallPool([sample(name) for name in names], begin, line, patience, watched=False)


async def settle() -> None:
    """Let everything go on until it waits for the test."""
    for _ in range(100):
        await asyncio.sleep(0)


async def collect(pool: CallPool, events: list[Event]) -> None:
    async for event in pool.events():
        events.append(event)


def test_a_reply_that_arrives_in_the_moment_of_an_interruption_is_handed_over() -> None:
    events: list[Event] = []

    async def interrupted() -> None:
        provider = Provider()
        running = asyncio.create_task(collect(provider.pool("abc", limit=3), events))
        await settle()
        provider.answers["b"].set_result(Reply("b"))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(interrupted())
    assert events == [(1, Reply("b"))]


def test_a_reply_that_arrives_together_with_a_failure_is_handed_over() -> None:
    events: list[Event] = []

    async def failing() -> None:
        provider = Provider()
        running = asyncio.create_task(collect(provider.pool("abcd", limit=2), events))
        await settle()
        provider.answers["a"].set_exception(ValueError("a bug"))
        provider.answers["b"].set_result(Reply("b"))
        with pytest.raises(ValueError, match="a bug"):
            await running
        assert provider.answers.keys() == {"a", "b"}

    asyncio.run(failing())
    assert events == [(1, Reply("b"))]


def test_a_sample_that_waits_for_its_next_attempt_is_called_off_by_another_s_failure() -> None:
    events: list[Event] = []

    async def failing() -> None:
        provider = Provider()
        running = asyncio.create_task(collect(provider.pool("ab", limit=2), events))
        await settle()
        provider.answers["a"].set_exception(TransientFault("busy", "throttled", wait=200.0))
        await settle()
        provider.answers["b"].set_exception(TransientFault("gone for an hour", "throttled", wait=3600.0))
        with pytest.raises(LanguageModelUnavailable, match="gone for an hour"):
            await asyncio.wait_for(running, 120)

    asyncio.run(failing())
    assert events == []


def test_a_first_reply_is_handed_over_before_other_calls_are_begun() -> None:
    events: list[Event] = []

    async def answering() -> None:
        provider = Provider()
        running = asyncio.create_task(collect(provider.pool("abc", 3, Patience(head_start=600.0)), events))
        await settle()
        assert provider.answers.keys() == {"a"}
        provider.answers["a"].set_result(Reply("a"))
        while len(provider.answers) < 3:
            await asyncio.sleep(0)
        assert events == [(0, Reply("a"))]
        provider.answers["c"].set_result(Reply("c"))
        provider.answers["b"].set_result(Reply("b"))
        await running

    asyncio.run(answering())
    assert len(events) == 3


def test_other_calls_do_not_wait_for_a_first_one_that_takes_its_time() -> None:
    events: list[Event] = []

    async def answering() -> None:
        provider = Provider()
        running = asyncio.create_task(collect(provider.pool("abc", 3, Patience(head_start=0.001)), events))
        while len(provider.answers) < 3:
            await asyncio.sleep(0.001)
        for name, answer in provider.answers.items():
            answer.set_result(Reply(name))
        await running

    asyncio.run(answering())
    assert len(events) == 3
