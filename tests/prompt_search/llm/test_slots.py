"""Samples answered on threads, replies handed over in the calling one."""

import threading

import pytest

from optimizers.errors import LanguageModelError
from optimizers.language_model import Reply, Sample
from prompt_search.llm.slots import answer_in_slots
from tests.prompt_search.llm.samples import sample

ASKED = [sample(str(number)) for number in range(6)]


def text_of(asked: Sample) -> str:
    return asked.request.messages[0].content


def test_slots_work_at_once_and_replies_come_in_the_calling_thread() -> None:
    together = threading.Barrier(3, timeout=30)
    replies: dict[int, tuple[str, threading.Thread]] = {}

    def answer(asked: Sample, cancelled: threading.Event) -> Reply:
        together.wait()
        return Reply(text_of(asked))

    def on_reply(index: int, reply: Reply) -> None:
        replies[index] = (reply.text, threading.current_thread())

    answer_in_slots(ASKED, answer, on_reply, slots=3)
    assert replies == {index: (str(index), threading.current_thread()) for index in range(6)}


def test_one_slot_answers_in_order() -> None:
    order: list[int] = []
    answer_in_slots(ASKED, lambda asked, cancelled: Reply("x"), lambda index, reply: order.append(index), slots=1)
    assert order == list(range(6))


def test_nothing_asked_is_nothing_done() -> None:
    told: list[int] = []
    answer_in_slots([], lambda asked, cancelled: Reply("x"), lambda index, reply: told.append(index), slots=2)
    assert told == []


def test_a_failure_is_raised_after_the_replies_that_were_finished_and_the_rest_is_cancelled() -> None:
    told = threading.Event()

    def answer(asked: Sample, cancelled: threading.Event) -> Reply | None:
        if text_of(asked) == "2":
            raise LanguageModelError("gone")
        if text_of(asked) == "1":
            assert cancelled.wait(30)
            told.set()
            return Reply("finished all the same")
        return Reply(text_of(asked))

    replies: dict[int, str] = {}
    with pytest.raises(LanguageModelError, match="gone"):
        answer_in_slots(ASKED, answer, lambda index, reply: replies.update({index: reply.text}), slots=2)
    assert told.is_set()
    assert replies == {0: "0", 1: "finished all the same"}


def test_what_the_receiver_raises_cancels_the_rest_and_leaves_no_thread_behind() -> None:
    ends: list[bool] = []

    def answer(asked: Sample, cancelled: threading.Event) -> Reply | None:
        if text_of(asked) == "0":
            return Reply("0")
        ends.append(cancelled.wait(300))
        return None

    def stop(index: int, reply: Reply) -> None:
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        answer_in_slots(ASKED, answer, stop, slots=2)
    assert threading.active_count() == before
    assert all(ends), "a sample was not cancelled"
