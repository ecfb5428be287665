"""One function in several threads; every order of arrival is made by events."""

import threading
from queue import SimpleQueue
from threading import Barrier, Event

import pytest

from optimizers.errors import LanguageModelError, SettingsError
from prompt_search.llm.in_threads import InThreads, check_concurrency

LONG = 30.0
"""Seconds that nobody waits for unless something is wrong."""


def test_so_many_calls_are_under_way_at_once_and_no_more() -> None:
    together = Barrier(3)
    lock, now, most = threading.Lock(), 0, 0

    def call(item: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(LONG)  # breaks unless three are here at once
        with lock:
            now -= 1
        return item * item

    found: dict[int, int] = {}
    InThreads(call, range(9), 3).deliver(found.__setitem__)
    assert found == {item: item * item for item in range(9)}
    assert most == 3


def test_results_come_as_calls_end_and_in_the_calling_thread() -> None:
    ended = [Event() for _ in range(4)]

    def call(item: int) -> int:
        if item < 3:
            assert ended[item + 1].wait(LONG)  # the later ones first
        return item

    seen: list[tuple[int, int, threading.Thread]] = []

    def receive(index: int, made: int) -> None:
        seen.append((index, made, threading.current_thread()))
        ended[index].set()

    InThreads(call, range(4), 4).deliver(receive)
    assert seen == [(item, item, threading.current_thread()) for item in (3, 2, 1, 0)]


def test_calls_begin_in_the_order_of_the_items() -> None:
    begun: SimpleQueue[int] = SimpleQueue()
    InThreads(begun.put, range(20), 1).deliver(lambda index, made: None)
    assert [begun.get() for _ in range(20)] == list(range(20))


def test_nothing_to_do_is_done() -> None:
    InThreads(lambda item: pytest.fail("was called"), [], 4).deliver(lambda index, made: pytest.fail("was told"))


def test_after_a_failure_calls_under_way_are_handed_over_and_no_other_begins() -> None:
    together, failed = Barrier(2), Event()
    begun: list[int] = []

    def call(item: int) -> int:
        begun.append(item)
        together.wait(LONG)
        if item == 1:
            failed.set()
            raise LanguageModelError("gone")
        assert failed.wait(LONG)
        while calls._coming:  # until the thread that failed has said so
            pass
        return item

    calls = InThreads(call, range(8), 2)
    found: dict[int, int] = {}
    with pytest.raises(LanguageModelError, match="gone"):
        calls.deliver(found.__setitem__)
    assert found == {0: 0}
    assert sorted(begun) == [0, 1]


@pytest.mark.parametrize("first_to_fail", [0, 1])
def test_of_two_failures_that_of_the_first_item_is_raised_whichever_came_first(first_to_fail: int) -> None:
    together, failed = Barrier(2), Event()

    def call(item: int) -> int:
        together.wait(LONG)
        if item != first_to_fail:
            assert failed.wait(LONG)
        failed.set()
        raise LanguageModelError(f"call {item}")

    with pytest.raises(LanguageModelError, match="call 0"):
        InThreads(call, range(2), 2).deliver(lambda index, made: None)


def test_when_the_receiver_fails_calls_under_way_are_waited_for_and_dropped() -> None:
    together, received = Barrier(2), Event()
    ended: list[int] = []
    seen: list[int] = []

    def call(item: int) -> int:
        together.wait(LONG)
        if item == 1:
            assert received.wait(LONG)
        ended.append(item)
        return item

    def receive(index: int, made: int) -> None:
        seen.append(index)
        calls._coming.clear()  # as the failure does in a moment; no third call comes between
        received.set()
        raise ValueError("full disk")

    calls = InThreads(call, range(2), 2)
    with pytest.raises(ValueError, match="full disk"):
        calls.deliver(receive)
    assert seen == [0]
    assert ended == [0, 1]


def test_ctrl_c_waits_for_no_call() -> None:
    together, released, over = Barrier(2), Event(), Event()

    def call(item: int) -> int:
        together.wait(LONG)
        if item == 1:
            assert released.wait(LONG)
            over.set()
        return item

    def receive(index: int, made: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        InThreads(call, range(2), 2).deliver(receive)
    assert not over.is_set()
    released.set()
    assert over.wait(LONG)


def test_a_ctrl_c_of_the_function_s_own_is_passed_on_with_what_is_there() -> None:
    together, delivered = Barrier(2), Event()

    def call(item: int) -> int:
        together.wait(LONG)
        if item == 1:
            assert delivered.wait(LONG)
            raise KeyboardInterrupt
        return item

    found: list[int] = []

    def receive(index: int, made: int) -> None:
        found.append(index)
        delivered.set()

    with pytest.raises(KeyboardInterrupt):
        InThreads(call, range(2), 2).deliver(receive)
    assert found == [0]


@pytest.mark.parametrize("calls", [0, -1, True, 2.0, "4", None])
def test_what_is_no_number_of_calls_is_refused(calls: object) -> None:
    with pytest.raises(SettingsError, match="concurrency must be a whole number of at least 1"):
        check_concurrency(calls)
