"""Asks a language model, and once more where nothing usable came back."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from optimizers.errors import BudgetReached
from optimizers.language_model import Message, Reply, Request
from optimizers.replies import answer_in
from optimizers.search import Search

__all__ = ["Answers", "account", "ask_usable", "most_calls"]


T = TypeVar("T")

LONGEST_QUOTED_REPLY = 1000
"""Characters of an unusable reply that go back to the model."""


@dataclass(frozen=True, slots=True)
class Answers(Generic[T]):
    """What came of some requests.

    Attributes:
        readings: per request what was read from its reply, or, where that was nothing, from the second one.
        replies: per request the reply that was read.
        counts: `asked` requests, `again` those of them put a second time, `usable` those with a reading.
    """

    readings: list[list[T]]
    replies: list[Reply]
    counts: Counter[str]


def ask_usable(
    search: Search, requests: Sequence[Request], read: Callable[[str], list[T]], fault: Callable[[str], str]
) -> Answers[T]:
    """Put requests together; where nothing can be read from a reply, put the request once more, with what was wrong.

    All second questions go out together too. There is none after a reply that was withheld, broken or never asked for.
    When the budget has no room for second questions, the first replies stand.

    Args:
        search: whom to ask.
        requests: the questions; equal ones are several samples.
        read: all that is usable in the text of a reply.
        fault: for a text from which nothing can be read, half a sentence that says why, e.g. `it is empty`.

    Raises:
        BudgetReached: if the budget covers none of the requests.
        LanguageModelError: if the language model can't go on.
    """
    replies = search.ask(requests, lambda _, text: bool(read(text)))
    readings = [read(reply.text) for reply in replies]
    unread = [i for i, reply in enumerate(replies) if not readings[i] and _worth_asking_again(reply)]
    second = [_again(requests[i], replies[i].text, fault(replies[i].text)) for i in unread]
    again = _ask_if_affordable(search, second, read)
    for i, reply in zip(unread, again, strict=True):
        if reply.finish != "budget":
            replies[i], readings[i] = reply, read(reply.text)
    counts = Counter(
        asked=sum(reply.finish != "budget" for reply in replies),
        again=sum(reply.finish != "budget" for reply in again),
        usable=sum(map(bool, readings)),
    )
    return Answers(readings, replies, counts)


def most_calls(requests: int) -> int:
    """How many language model calls `ask_usable` makes at most: every question may be put twice."""
    return 2 * requests


def account(name: str, what: str, counts: Counter[str]) -> str:
    """One line about the questions of a run, for its log.

    >>> account("glov", "template", Counter(asked=20, again=2, usable=19))
    'glov: 19 of 20 replies held a usable template (asked again: 2)'
    """
    line = f"{name}: {counts['usable']} of {counts['asked']} replies held a usable {what}"
    return f"{line} (asked again: {counts['again']})" if counts["again"] else line


def _worth_asking_again(reply: Reply) -> bool:
    return reply.finish in ("stop", "length")


def _again(request: Request, text: str, fault: str) -> Request:
    quote = answer_in(text).strip()[:LONGEST_QUOTED_REPLY] or "(no answer)"  # providers refuse empty turns
    return replace(request, messages=(*request.messages, Message("assistant", quote), _again_turn(fault)))


def _ask_if_affordable(search: Search, requests: list[Request], read: Callable[[str], list[T]]) -> list[Reply]:
    try:
        return search.ask(requests, lambda _, text: bool(read(text))) if requests else []
    except BudgetReached:
        return [Reply("", finish="budget")] * len(requests)


def _again_turn(fault: str) -> Message:
    """Says what was wrong with the last reply and asks for another.

    >>> _again_turn('"a photo" has no {} in it').content
    'Your reply can not be used: "a photo" has no {} in it. Please answer again, in the form asked for.'
    """
    return Message("user", f"Your reply can not be used: {fault}. Please answer again, in the form asked for.")
