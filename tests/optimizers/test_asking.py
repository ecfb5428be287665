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


def numbers(_: int, text: str) -> list[int]:
    return [int(word) for word in text.split() if word.isdigit()]


def ask(search: ScriptedSearch, requests: int = 1) -> Answers[int]:
    return ask_usable(search, [NUMBER] * requests, numbers, lambda text: f'"{text}" has no digits')


def test_a_readable_reply_is_not_asked_for_again(task: Task) -> None:
    search = ScriptedSearch(task, ["7 8", "9"])
    answers = ask(search, 2)
    assert answers.readings == [[7, 8], [9]]
    assert answers.counts == Counter(asked=2, again=0, usable=2)
    assert search.requests == [NUMBER, NUMBER]


def test_an_unreadable_reply_is_asked_for_once_more_with_what_was_wrong(task: Task) -> None:
    search = ScriptedSearch(task, ["seven", "7"])
    answers = ask(search)
    assert (answers.readings, answers.replies) == ([[7]], [Reply("7")])
    said = 'Say a number.\n\nAn earlier reply could not be used: "seven" has no digits.'
    assert search.requests[1] == replace(NUMBER, messages=(NUMBER.messages[0], Message("user", said)))


def test_a_model_is_not_shown_its_unusable_reply_as_its_own(task: Task) -> None:
    """SmolLM2 then says it again, word for word."""
    search = ScriptedSearch(task, ["seven", "7"])
    ask(search)
    assert {turn.role for turn in search.requests[1].messages} == {"system", "user"}


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


def test_a_reply_that_was_cut_gets_twice_the_room(task: Task) -> None:
    search = ScriptedSearch(task, [Reply('{"numb', finish="length"), Reply("two"), "1", "2"])
    ask(search, 2)
    assert [request.max_tokens for request in search.requests] == [9, 9, 18, 9]


def test_each_reply_is_read_by_the_number_of_its_question(task: Task) -> None:
    search = ScriptedSearch(task, ["one", "1", "two", "3"])
    answers = ask_usable(search, [NUMBER] * 3, lambda i, text: numbers(i, text) if i != 1 else [], lambda _: "bad")
    assert answers.readings == [[3], [], []]


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
