"""How calls give way to a server that has enough of them, and what is told of it."""

import threading
import time
from itertools import pairwise

import pytest

from optimizers.errors import LanguageModelUnavailable
from optimizers.language_model import Traffic
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from tests.fakes.openai_server import PATIENT, Behaviour, Exchange, OpenAIServer, Received, echo, rate_limited, refuse
from tests.prompt_search.llm.samples import replies, sample

FORTY = [sample(str(number)) for number in range(40)]


def test_a_rate_limit_lowers_the_calls_in_flight_and_all_replies_come() -> None:
    """A server that bears four calls at once, and says so to the fifth."""
    lock, now, refused, fifth = threading.Lock(), 0, 0, threading.Event()

    def crowded(exchange: Exchange) -> None:
        nonlocal now, refused
        with lock:
            now += 1
            full = now > 4
            refused += full
        if full:
            fifth.set()
        fifth.wait(120)
        exchange.wait(0.05)
        (rate_limited() if full else echo)(exchange)
        with lock:
            now -= 1

    seen: list[Traffic] = []
    with OpenAIServer(lambda _: crowded) as server:
        model = OpenAICompatible("tiny", server.url, patience=Patience(attempts=2, longest_wait=0.2))
        model.on_traffic = seen.append
        found = replies(model, FORTY)
    assert [reply.text for reply in found] == [f"echo: {number}" for number in range(40)]
    assert refused > 0
    assert min(traffic.limit for traffic in seen) < 32
    assert seen[-1].retried == refused


def test_the_server_s_wish_to_be_left_alone_holds_for_all_calls(slept: list[float]) -> None:
    arrived: list[tuple[float, str]] = []
    lock = threading.Lock()

    def script(received: Received) -> Behaviour:
        with lock:
            arrived.append((time.monotonic(), received.question))
            first = len(arrived) == 1
        return rate_limited(retry_after=1.0) if first else beside

    def beside(exchange: Exchange) -> None:
        while not slept:  # the refusal was not read yet
            exchange.wait(0.01)
        echo(exchange)

    with OpenAIServer(script) as server:
        replies(OpenAICompatible("tiny", server.url, concurrency=2), FORTY[:10])
    start = arrived[0][0]
    # Only one call may have been under way beside the refused one.
    assert sum(moment - start < 0.95 for moment, _ in arrived) <= 2
    assert len(arrived) == 11


def test_server_errors_do_not_lower_the_limit() -> None:
    seen: list[Traffic] = []
    with OpenAIServer([refuse(500, "oops")] * 5) as server:
        model = OpenAICompatible("tiny", server.url, concurrency=8, patience=Patience(longest_wait=0.01))
        model.on_traffic = seen.append
        replies(model, FORTY[:10])
    assert {traffic.limit for traffic in seen} == {8}
    assert seen[-1].retried == 5


def test_what_was_learned_of_a_server_holds_for_the_next_call() -> None:
    seen: list[Traffic] = []
    with OpenAIServer([rate_limited(retry_after=0)]) as server:
        model = OpenAICompatible("tiny", server.url, concurrency=8)
        replies(model, [sample()])
        model.on_traffic = seen.append
        replies(model, [sample()])
    assert seen[-1].limit == 4


class AnswerClock:
    """What the calls take for the time: every answer takes 60 ms, and nothing else takes any."""

    def __init__(self) -> None:
        self.now = self.read = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        self.read = self.now
        return self.read

    def answered(self) -> None:
        with self._lock:
            self.now += 0.06


def test_the_traffic_is_told_from_the_calling_thread_and_not_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, Traffic]] = []
    clock, told = AnswerClock(), threading.Event()
    monkeypatch.setattr("prompt_search.llm.api.call_pool.time", clock)

    def look(traffic: Traffic) -> None:
        assert threading.current_thread() is threading.main_thread()
        seen.append((clock.read, traffic))
        told.set()

    def answer(exchange: Exchange) -> None:
        told.wait(120)
        clock.answered()
        echo(exchange)

    with OpenAIServer(lambda _: answer) as server:
        model = OpenAICompatible("tiny", server.url, concurrency=4, patience=Patience(head_start=0.0))
        model.on_traffic = look
        replies(model, FORTY[:12])
    shown = [traffic for _, traffic in seen]
    assert Traffic(in_flight=4, waiting=8, retried=0, limit=4) in shown
    assert shown[-1] == Traffic(in_flight=0, waiting=0, retried=0, limit=4)
    # Only the last one, when all is done, does not wait its turn.
    moments = [moment for moment, _ in seen]
    assert all(later - earlier > 0.0999 for earlier, later in pairwise(moments[:-1]))
    assert len(set(shown)) == len(shown)


def test_a_server_that_does_not_answer_is_seen_in_the_traffic(until_time_is_up: Behaviour) -> None:
    seen: list[Traffic] = []
    told = threading.Event()

    def look(traffic: Traffic) -> None:
        seen.append(traffic)
        told.set()

    def silent(exchange: Exchange) -> None:
        told.wait(120)
        until_time_is_up(exchange)

    with OpenAIServer(lambda _: silent) as server:
        model = OpenAICompatible("tiny", server.url, patience=Patience(attempts=3, timeout=PATIENT, longest_wait=0.01))
        model.on_traffic = look
        with pytest.raises(LanguageModelUnavailable, match=f"no answer within {PATIENT:g} s"):
            replies(model, [sample()])
    assert seen[0].retried == 0
    assert seen[-1].retried == 2
