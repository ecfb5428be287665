"""Many calls at once: order, limits, and a clean end whatever happens."""

import asyncio
import signal
import threading
import time

import pytest

from optimizers.errors import BudgetReached, LanguageModelRejected, LanguageModelUnavailable
from optimizers.language_model import Reply
from prompt_search.llm.openai_compatible import OpenAICompatible
from tests.fakes.openai_server import Behaviour, Exchange, OpenAIServer, Received, after, echo, refuse, reset
from tests.prompt_search.llm.samples import replies, sample

HUNDRED = [sample(str(number)) for number in range(100)]


def test_each_reply_goes_with_its_sample_once_and_in_the_calling_thread() -> None:
    seen: list[tuple[int, str, bool]] = []

    def on_reply(index: int, reply: Reply) -> None:
        seen.append((index, reply.text, threading.current_thread() is threading.main_thread()))

    with OpenAIServer() as server:
        OpenAICompatible("tiny", server.url).complete(HUNDRED, on_reply)
    assert sorted(seen) == [(number, f"echo: {number}", True) for number in range(100)]


def test_replies_come_as_they_arrive() -> None:
    order: list[int] = []
    with OpenAIServer(lambda r: after(0.5) if r.question == "0" else echo) as server:
        OpenAICompatible("tiny", server.url).complete(HUNDRED[:3], lambda index, _: order.append(index))
    assert order[-1] == 0


def test_no_more_calls_than_allowed_are_in_flight() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def counted(exchange: Exchange) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        exchange.wait(0.02)
        with lock:
            now -= 1
        echo(exchange)

    with OpenAIServer(lambda _: counted) as server:
        replies(OpenAICompatible("tiny", server.url, concurrency=4), HUNDRED[:24])
    assert 2 <= most <= 4


def test_no_samples_are_no_calls() -> None:
    with OpenAIServer() as server:
        assert replies(OpenAICompatible("tiny", server.url), []) == []
    assert server.requests == []


def test_a_refusal_keeps_what_arrived_and_cancels_what_is_in_flight() -> None:
    def script(received: Received) -> Behaviour:
        return {"0": echo, "1": after(0.3, refuse(404, "gone"))}.get(received.question, after(30))

    kept: dict[int, Reply] = {}
    with OpenAIServer(script) as server:
        start = time.monotonic()
        with pytest.raises(LanguageModelRejected):
            OpenAICompatible("tiny", server.url, concurrency=4).complete(HUNDRED, kept.__setitem__)
        assert time.monotonic() - start < 10
        assert len(server.requests) <= 6
    assert kept[0].text == "echo: 0"


def test_one_dead_sample_ends_the_call_with_the_others_kept() -> None:
    kept: dict[int, Reply] = {}
    with OpenAIServer(lambda r: reset if r.question == "3" else echo) as server:
        model = OpenAICompatible("tiny", server.url, concurrency=2, attempts=3, longest_wait=0.05)
        with pytest.raises(LanguageModelUnavailable):
            model.complete(HUNDRED, kept.__setitem__)
    # Two of the first three must have arrived for the fourth to be asked.
    assert len({0, 1, 2} & kept.keys()) >= 2
    assert 3 not in kept


def test_an_exception_of_the_receiver_ends_the_calls() -> None:
    def full(index: int, reply: Reply) -> None:
        raise BudgetReached("enough")

    with OpenAIServer(lambda r: echo if r.question == "0" else after(30)) as server:
        start = time.monotonic()
        with pytest.raises(BudgetReached):
            OpenAICompatible("tiny", server.url).complete(HUNDRED, full)
        assert time.monotonic() - start < 10


def test_ctrl_c_ends_the_calls_cleanly(capfd: pytest.CaptureFixture[str]) -> None:
    kept: dict[int, Reply] = {}
    main = threading.main_thread().ident
    assert main is not None

    def interrupt(exchange: Exchange) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        exchange.wait(30)

    with OpenAIServer(lambda r: echo if r.question == "0" else after(0.3, interrupt)) as server:
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            OpenAICompatible("tiny", server.url).complete(HUNDRED[:2], kept.__setitem__)
        assert time.monotonic() - start < 10
    assert 0 in kept
    assert capfd.readouterr().err == ""


def test_it_works_where_an_event_loop_runs_as_in_a_notebook() -> None:
    threads: set[bool] = set()

    async def cell(model: OpenAICompatible) -> None:
        model.complete(HUNDRED, lambda index, reply: threads.add(threading.current_thread() is threading.main_thread()))

    with OpenAIServer() as server:
        asyncio.run(cell(OpenAICompatible("tiny", server.url)))
    assert threads == {True}
    assert len(server.requests) == 100


def test_errors_leave_a_notebook_too() -> None:
    async def cell(model: OpenAICompatible) -> None:
        model.complete(HUNDRED, lambda index, reply: None)

    with OpenAIServer(lambda _: refuse(404, "gone")) as server, pytest.raises(LanguageModelRejected):
        asyncio.run(cell(OpenAICompatible("tiny", server.url)))


def test_a_model_can_be_used_again_after_an_error() -> None:
    with OpenAIServer([refuse(404, "gone")]) as server:
        model = OpenAICompatible("tiny", server.url)
        with pytest.raises(LanguageModelRejected):
            replies(model, [sample("a")])
        assert replies(model, [sample("a")])[0].text == "echo: a"
