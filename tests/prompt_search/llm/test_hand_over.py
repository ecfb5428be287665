"""Work beside the calling thread, its items handed over in it."""

import threading
from queue import SimpleQueue

import pytest

from optimizers.errors import LanguageModelError
from prompt_search.llm.hand_over import hand_over


def test_items_come_in_order_and_in_the_calling_thread() -> None:
    arrived: SimpleQueue[int | None] = SimpleQueue()
    seen: list[tuple[int, threading.Thread]] = []
    workers: list[threading.Thread] = []

    def work() -> None:
        workers.append(threading.current_thread())
        for number in range(5):
            arrived.put(number)

    hand_over(arrived, work, lambda item: seen.append((item, threading.current_thread())), end=lambda: None)
    assert seen == [(number, threading.current_thread()) for number in range(5)]
    assert workers != [threading.current_thread()]


def test_a_failure_is_raised_after_the_items_before_it() -> None:
    arrived: SimpleQueue[int | None] = SimpleQueue()
    seen: list[int] = []

    def work() -> None:
        arrived.put(1)
        raise LanguageModelError("gone")

    with pytest.raises(LanguageModelError, match="gone"):
        hand_over(arrived, work, seen.append, end=lambda: None)
    assert seen == [1]


@pytest.mark.parametrize(("failure", "delivered"), [(KeyboardInterrupt, [1, 2]), (ValueError, [1])])
def test_what_the_receiver_raises_ends_the_work_and_leaves_no_thread_behind(
    failure: type[BaseException], delivered: list[int]
) -> None:
    arrived: SimpleQueue[int | None] = SimpleQueue()
    ended = threading.Event()
    seen: list[int] = []

    def work() -> None:
        arrived.put(1)
        assert ended.wait(30)
        arrived.put(2)

    def receive(item: int) -> None:
        seen.append(item)
        if item == 1:
            raise failure

    before = threading.active_count()
    with pytest.raises(failure):
        hand_over(arrived, work, receive, end=ended.set)
    assert seen == delivered
    assert threading.active_count() == before
