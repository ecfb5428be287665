"""Many calls at once: order, limits, and a clean end whatever happens."""

import asyncio
import signal
import threading
from types import SimpleNamespace

import pytest

from optimizers.errors import BudgetReached, LanguageModelRejected, LanguageModelUnavailable
from optimizers.language_model import Reply
from prompt_search.llm.api.call_pool import CallPool
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from tests.fakes.openai_server import (
    PATIENT,
    Behaviour,
    Exchange,
    Late,
    OpenAIServer,
    Received,
    echo,
    refuse,
    reset,
)
from tests.prompt_search.llm.samples import replies, sample

HUNDRED = [sample(str(number)) for number in range(100)]


class Doorkeeper:
    """Answers when so many calls are there together, and counts those that are."""

    def __init__(self, together: int) -> None:
        self.now = self.most = 0
        self._together = threading.Barrier(together, timeout=120)
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self._together.wait()
        with self._lock:
            self.now -= 1
        echo(exchange)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once a failure for good was seen and no other call is begun."""
    stop, seen = CallPool._stop, threading.Event()

    def stop_and_tell(pool: CallPool, error: BaseException) -> None:
        stop(pool, error)
        seen.set()

    monkeypatch.setattr(CallPool, "_stop", stop_and_tell)
    return seen


def test_each_reply_goes_with_its_sample_once_and_in_the_calling_thread() -> None:
    seen: list[tuple[int, str, bool]] = []

    def on_reply(index: int, reply: Reply) -> None:
        seen.append((index, reply.text, threading.current_thread() is threading.main_thread()))

    with OpenAIServer() as server:
        OpenAICompatible("tiny", server.url).complete(HUNDRED, on_reply)
    assert sorted(seen) == [(number, f"echo: {number}", True) for number in range(100)]


def test_replies_come_as_they_arrive() -> None:
    order: list[int] = []
    others = threading.Event()

    def last(exchange: Exchange) -> None:
        others.wait(120)
        echo(exchange)

    def on_reply(index: int, reply: Reply) -> None:
        order.append(index)
        if len(order) == 2:
            others.set()

    with OpenAIServer(lambda r: last if r.question == "0" else echo) as server:
        OpenAICompatible("tiny", server.url, patience=Patience(timeout=PATIENT)).complete(HUNDRED[:3], on_reply)
    assert order[-1] == 0


def test_no_more_calls_than_allowed_are_in_flight() -> None:
    doorkeeper = Doorkeeper(4)
    with OpenAIServer(lambda _: doorkeeper) as server:
        replies(OpenAICompatible("tiny", server.url, concurrency=4), HUNDRED[:24])
    assert doorkeeper.most == 4


def test_thirty_two_calls_are_in_flight_together() -> None:
    doorkeeper = Doorkeeper(32)  # if one waited for another, none would be answered
    with OpenAIServer(lambda _: doorkeeper) as server:
        replies(OpenAICompatible("tiny", server.url, patience=Patience(attempts=1, timeout=PATIENT)), HUNDRED[:32])
    assert doorkeeper.most == 32


def test_no_samples_are_no_calls() -> None:
    with OpenAIServer() as server:
        assert replies(OpenAICompatible("tiny", server.url), []) == []
    assert server.requests == []


def test_a_refusal_keeps_what_arrived_and_stops_at_once(
    stopped: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, arrived, clock = Late(), threading.Barrier(3, timeout=120), SimpleNamespace(now=0.0)
    monkeypatch.setattr("prompt_search.llm.api.call_pool.time", SimpleNamespace(monotonic=lambda: clock.now))

    def gone(exchange: Exchange) -> None:
        arrived.wait()
        refuse(404, "gone")(exchange)

    def soon(exchange: Exchange) -> None:
        arrived.wait()
        stopped.wait(120)
        echo(exchange)

    def never(exchange: Exchange) -> None:
        arrived.wait()
        late(exchange)

    def script(received: Received) -> Behaviour:
        return {"0": echo, "1": gone, "2": soon, "3": never}.get(received.question, late)

    kept: dict[int, Reply] = {}

    def keep(index: int, reply: Reply) -> None:
        kept[index] = reply
        clock.now += 5.0 * (index == 2)

    with OpenAIServer(script) as server:
        patience = Patience(grace=5.0, timeout=PATIENT)
        model = OpenAICompatible("tiny", server.url, concurrency=4, patience=patience)
        with pytest.raises(LanguageModelRejected):
            model.complete(HUNDRED, keep)
        assert len(server.requests) <= 6
    # What was in flight had a moment to end; what had not ended by then was given up.
    assert kept.keys() == {0, 2}
    assert not late.waited_for


def test_one_dead_sample_ends_the_call_with_the_others_kept() -> None:
    kept: dict[int, Reply] = {}
    with OpenAIServer(lambda r: reset if r.question == "3" else echo) as server:
        model = OpenAICompatible("tiny", server.url, concurrency=2, patience=Patience(attempts=3, longest_wait=0.05))
        with pytest.raises(LanguageModelUnavailable):
            model.complete(HUNDRED, kept.__setitem__)
    # Two of the first three must have arrived for the fourth to be asked.
    assert len({0, 1, 2} & kept.keys()) >= 2
    assert 3 not in kept


def test_calls_beside_a_dead_sample_are_paid_for_and_end(stopped: threading.Event) -> None:
    kept: dict[int, Reply] = {}
    together = threading.Barrier(4, timeout=120)

    def dead(exchange: Exchange) -> None:
        together.wait()
        refuse(500, "oops")(exchange)

    def beside(exchange: Exchange) -> None:
        together.wait()
        stopped.wait(120)
        echo(exchange)

    with OpenAIServer(lambda received: dead if received.question == "0" else beside) as server:
        patience = Patience(attempts=1, timeout=PATIENT)
        model = OpenAICompatible("tiny", server.url, concurrency=4, patience=patience)
        with pytest.raises(LanguageModelUnavailable, match="oops"):
            model.complete(HUNDRED, kept.__setitem__)
        assert len(server.requests) == 4
    assert kept.keys() == {1, 2, 3}


def test_nothing_is_tried_again_beside_a_dead_sample(stopped: threading.Event) -> None:
    together = threading.Barrier(3)

    def first(exchange: Exchange) -> None:
        if sum(received.question == "0" for received in exchange.server.owner.requests) == 1:
            together.wait(60)
        refuse(500, "oops")(exchange)

    def other(exchange: Exchange) -> None:
        together.wait(60)
        stopped.wait(60)
        refuse(500, "oops")(exchange)

    with OpenAIServer(lambda received: first if received.question == "0" else other) as server:
        patience = Patience(attempts=2, longest_wait=0.01, head_start=0)
        model = OpenAICompatible("tiny", server.url, patience=patience)
        with pytest.raises(LanguageModelUnavailable):
            replies(model, HUNDRED[:3])
        assert sorted(received.question for received in server.requests) == ["0", "0", "1", "2"]


def test_an_exception_of_the_receiver_ends_the_calls() -> None:
    def full(index: int, reply: Reply) -> None:
        raise BudgetReached("enough")

    late = Late()
    with OpenAIServer(lambda r: echo if r.question == "0" else late) as server, pytest.raises(BudgetReached):
        OpenAICompatible("tiny", server.url, patience=Patience(timeout=PATIENT)).complete(HUNDRED, full)
    assert not late.waited_for


def test_ctrl_c_ends_the_calls_cleanly(capfd: pytest.CaptureFixture[str]) -> None:
    kept: dict[int, Reply] = {}
    main = threading.main_thread().ident
    assert main is not None

    late, answered = Late(), threading.Event()

    def interrupt(exchange: Exchange) -> None:
        answered.wait(120)
        signal.pthread_kill(main, signal.SIGINT)
        late(exchange)

    def on_reply(index: int, reply: Reply) -> None:
        kept[index] = reply
        answered.set()

    with OpenAIServer(lambda r: echo if r.question == "0" else interrupt) as server:
        model = OpenAICompatible("tiny", server.url, patience=Patience(timeout=PATIENT))
        with pytest.raises(KeyboardInterrupt):
            model.complete(HUNDRED[:2], on_reply)
    assert not late.waited_for
    assert kept.keys() == {0}
    assert capfd.readouterr().err == ""


def test_ctrl_c_in_a_notebook_keeps_what_arrived() -> None:
    kept: dict[int, Reply] = {}
    main = threading.main_thread().ident
    assert main is not None

    others = threading.Event()

    def interrupt(exchange: Exchange) -> None:
        others.wait(120)
        signal.pthread_kill(main, signal.SIGINT)
        exchange.wait(30)

    def on_reply(index: int, reply: Reply) -> None:
        kept[index] = reply
        if len(kept) == 2:
            others.set()

    async def cell(model: OpenAICompatible) -> None:
        with pytest.raises(KeyboardInterrupt):
            model.complete(HUNDRED[:3], on_reply)

    with OpenAIServer(lambda r: interrupt if r.question == "0" else echo) as server:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(cell(OpenAICompatible("tiny", server.url)))
        loop.close()
    assert kept.keys() == {1, 2}


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
