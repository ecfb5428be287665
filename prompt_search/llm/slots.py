"""Samples answered on threads of this process, their replies handed over in the calling thread."""

import queue
import threading
from collections.abc import Callable, Sequence

from optimizers.language_model import Reply, Sample

__all__ = ["answer_in_slots"]

Answer = Callable[[Sample, threading.Event], Reply | None]
"""Answers a sample; when the event is set it may give up and return `None`."""


def answer_in_slots(
    samples: Sequence[Sample], answer: Answer, on_reply: Callable[[int, Reply], None], slots: int
) -> None:
    """Answer every sample, `slots` of them at once, calling `on_reply(index, reply)` as they come.

    The calling thread only waits, so Ctrl-C reaches it at once: the answers under way are told to give up. What
    `answer` raises is raised here, after the replies that were finished by then.

    >>> from optimizers.language_model import Message, Request
    >>> ask = Sample(Request((Message("user", "a cat"),)), run_seed=0, occurrence=0)
    >>> shout = lambda sample, cancelled: Reply(sample.request.messages[0].content.upper())
    >>> answer_in_slots([ask], shout, lambda index, reply: print(index, reply.text), slots=1)
    0 A CAT
    """
    done: queue.SimpleQueue[tuple[int, Reply] | BaseException] = queue.SimpleQueue()
    cancelled = threading.Event()
    waiting = iter(list(enumerate(samples)))

    def work() -> None:
        try:
            while not cancelled.is_set() and (next_ := next(waiting, None)) is not None:
                index, sample = next_
                reply = answer(sample, cancelled)
                if reply is not None:
                    done.put((index, reply))
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            done.put(error)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(slots, len(samples)))]
    try:
        for worker in workers:
            worker.start()
        failure = _hand_over(done, len(samples), on_reply)
    finally:
        cancelled.set()
        for worker in workers:
            worker.join()
    if failure is not None:
        _hand_over(done, done.qsize(), on_reply)
        raise failure


def _hand_over(
    done: "queue.SimpleQueue[tuple[int, Reply] | BaseException]", count: int, on_reply: Callable[[int, Reply], None]
) -> BaseException | None:
    """Hand over that many replies; the first failure among them ends it."""
    for _ in range(count):
        outcome = done.get()
        if isinstance(outcome, BaseException):
            return outcome
        on_reply(*outcome)
    return None
