"""Asks a language model, and once more where nothing usable came back."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from optimizers.errors import BudgetReached
from optimizers.language_model import Reply, Request
from optimizers.search import Search, Usable

__all__ = ["Answers", "account", "ask_usable", "most_calls"]


T = TypeVar("T")


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
    search: Search, requests: Sequence[Request], read: Callable[[int, str], list[T]], fault: Callable[[str], str]
) -> Answers[T]:
    """Put requests together; where nothing can be read from a reply, put the request once more, with what was wrong.

    All second questions go out together too, with twice the room where the first reply was cut. There is none after a
    reply that was withheld, broken or never asked for.
    When the budget has no room for second questions, the first replies stand.

    Args:
        search: whom to ask.
        requests: the questions; equal ones are several samples.
        read: all that is usable in the text of a reply to the request of that index.
        fault: for a text from which nothing can be read, half a sentence that says why, e.g. `it is empty`.

    Raises:
        BudgetReached: if the budget covers none of the requests.
        LanguageModelError: if the language model can't go on.
    """
    replies = search.ask(requests, lambda index, text: bool(read(index, text)))
    readings = [read(index, reply.text) for index, reply in enumerate(replies)]
    unread = [i for i, reply in enumerate(replies) if not readings[i] and _worth_asking_again(reply)]
    second = [_again(requests[i], replies[i], fault(replies[i].text)) for i in unread]
    again = _ask_if_affordable(search, second, lambda index, text: bool(read(unread[index], text)))
    for i, reply in zip(unread, again, strict=True):
        if reply.finish != "budget":
            replies[i], readings[i] = reply, read(i, reply.text)
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


def _again(request: Request, reply: Reply, fault: str) -> Request:
    """The question with what was wrong, in one turn: small models repeat a reply that they are shown as their own.

    >>> from optimizers.language_model import Message
    >>> again = _again(Request((Message("user", "Name a cat."),)), Reply("", finish="length"), "it is empty")
    >>> again.messages[0].content, again.max_tokens
    ('Name a cat.\\n\\nAn earlier reply could not be used: it is empty.', 400)
    """
    *before, last = request.messages
    told = replace(last, content=f"{last.content}\n\nAn earlier reply could not be used: {fault}.")
    room = 2 * request.max_tokens if reply.finish == "length" else request.max_tokens
    return replace(request, messages=(*before, told), max_tokens=room)


def _ask_if_affordable(search: Search, requests: list[Request], usable: Usable) -> list[Reply]:
    try:
        return search.ask(requests, usable) if requests else []
    except BudgetReached:
        return [Reply("", finish="budget")] * len(requests)
