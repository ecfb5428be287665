"""Questions are put once more where nothing came back that could be read, and never where that is pointless."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from optimizers import Message, Reply, Request, Task
from optimizers.asking import Answers, account, ask_usable, most_calls
from optimizers.errors import BudgetReached
from optimizers.search import Usable
from prompt_search.testing.scripted_search import ScriptedSearch

NUMBER = Request((Message("system", "Count."), Message("user", "Say a number.")), 0.7, 0.8, 9)


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split() if word.isdigit()]


def ask(search: ScriptedSearch, requests: int = 1) -> Answers[int]:
    return ask_usable(search, [NUMBER] * requests, numbers, lambda text: f'"{text}" has no digits')


def test_a_readable_reply_is_not_asked_for_again(task: Task) -> None:
    search = ScriptedSearch(task, ["7 8", "9"])
    answers = ask(search, 2)
    assert answers.readings == [[7, 8], [9]]
    assert answers.counts == Counter(asked=2, again=0, usable=2)
    assert search.requests == [NUMBER, NUMBER]


def test_an_unreadable_reply_is_quoted_in_a_second_question(task: Task) -> None:
    search = ScriptedSearch(task, ["seven", "7"])
    answers = ask(search)
    assert (answers.readings, answers.replies) == ([[7]], [Reply("7")])
    said = 'Your reply can not be used: "seven" has no digits. Please answer again, in the form asked for.'
    thread = (*NUMBER.messages, Message("assistant", "seven"), Message("user", said))
    assert search.requests[1] == replace(NUMBER, messages=thread)


def test_second_questions_go_out_together_and_come_back_in_place(task: Task) -> None:
    calls: list[int] = []

    class Counting(ScriptedSearch):
        def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
            calls.append(len(requests))
            return super().ask(requests)

    answers = ask(Counting(task, ["a", "1", "b", "2", "3", "c"]), 4)
    assert calls == [4, 2]
    assert answers.readings == [[3], [1], [], [2]]
    assert answers.counts == Counter(asked=4, again=2, usable=3)


def test_there_is_no_third_question(task: Task) -> None:
    search = ScriptedSearch(task, ["one", "two", "3"])
    answers = ask(search)
    assert answers.readings == [[]]
    assert len(search.requests) == 2 == most_calls(1)


@pytest.mark.parametrize(
    "reply",
    [
        Reply("", finish="filter"),
        Reply("", finish="error", error="broken"),
        Reply("", finish="budget"),
    ],
)
def test_some_replies_are_not_worth_a_second_question(task: Task, reply: Reply) -> None:
    search = ScriptedSearch(task, [reply, "1"])
    assert ask(search).readings == [[]]
    assert len(search.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [Reply("x", finish="length"), Reply("{}", form="json"), Reply("x", form="text"), Reply("{}", form="schema")],
)
def test_others_are(task: Task, reply: Reply) -> None:
    assert ask(ScriptedSearch(task, [reply, "1"])).readings == [[1]]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_reply_is_no_empty_turn(task: Task, text: str) -> None:
    search = ScriptedSearch(task, [text])
    ask(search)
    assert search.requests[1].messages[2] == Message("assistant", "(no answer)")


def test_a_long_reply_is_cut_in_the_second_question(task: Task) -> None:
    search = ScriptedSearch(task, ["x" * 5000])
    ask_usable(search, [NUMBER], numbers, lambda _: "it has no digits")
    assert search.requests[1].messages[2].content == "x" * 1000


def test_first_replies_stand_when_the_budget_has_no_room_for_second_questions(task: Task) -> None:
    class Spent(ScriptedSearch):
        def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
            if self.requests:
                raise BudgetReached("the limit of 2 language model calls is reached")
            return super().ask(requests)

    answers = ask(Spent(task, ["1", "two"]), 2)
    assert answers.readings == [[1], []]
    assert answers.counts == Counter(asked=2, usable=1)


def test_a_budget_that_covers_some_second_questions_leaves_the_other_replies(task: Task) -> None:
    answers = ask(ScriptedSearch(task, ["one", "two", "1", Reply("", finish="budget")]), 2)
    assert answers.readings == [[1], []]
    assert answers.replies[1] == Reply("two")
    assert answers.counts == Counter(asked=2, again=1, usable=1)


def test_replies_that_were_never_asked_for_do_not_count(task: Task) -> None:
    answers = ask(ScriptedSearch(task, ["1", Reply("", finish="budget")]), 2)
    assert answers.counts == Counter(asked=1, usable=1)


def test_the_account_names_second_questions_only_if_there_were_any() -> None:
    assert account("ipo", "template", Counter(asked=3, usable=2)) == "ipo: 2 of 3 replies held a usable template"
