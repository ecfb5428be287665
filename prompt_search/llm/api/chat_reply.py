"""A chat completion's body as a `Reply`. Servers send all sorts of things with status 200."""

import json
from typing import Any, Literal

from optimizers.language_model import Reply
from prompt_search.llm.reply_text import MOST_TOKENS, stored_reply

__all__ = ["LONGEST_BODY", "MOST_DIGITS", "UnusableBody", "read_reply", "reply_in"]

LONGEST_BODY = 1_000_000
"""The most bytes of an answer that are read: no completion a run asks for comes near it."""

MOST_DIGITS = 20
"""Digits that are read of a whole number, of which none here has nearly as many."""


class UnusableBody(Exception):
    """The body is not a chat completion; asking again may help."""


def read_reply(body: bytes) -> Reply:
    """The first choice of a chat completion.

    Raises:
        UnusableBody: if it is too long, not JSON, not an object, an error, or holds no message.

    >>> read_reply(b'{"choices": [{"finish_reason": "stop", "message": {"content": "a cat"}}]}').text
    'a cat'
    """
    if len(body) > LONGEST_BODY:
        raise UnusableBody(f"a body of more than {LONGEST_BODY:,} bytes, of which the rest was not read")
    return reply_in(_parsed(body))


def reply_in(answer: dict[str, Any]) -> Reply:
    """The first choice of a parsed chat completion.

    Without usage, or with one that no call can have, it counts as one unmetered call.

    Raises:
        UnusableBody: if it is an error or holds no message.
    """
    choice = _first_choice(_not_an_error(answer))
    message = choice.get("message")
    if not isinstance(message, dict):
        raise UnusableBody("a choice without a message")
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    text = _text(message.get("content"))
    read, written = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    metered = read > 0 and (written > 0 or not text)
    finish = _finish(choice.get("finish_reason"), message)
    reply = Reply(text, finish, read, written, unmetered=0 if metered else 1)
    return stored_reply(reply)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body, parse_int=_whole_number)
    except (ValueError, RecursionError):
        raise UnusableBody(f"a body that is not JSON: {body.decode(errors='replace')}") from None
    if not isinstance(answer, dict):
        raise UnusableBody("a body that is not a JSON object")
    return answer


def _not_an_error(answer: dict[str, Any]) -> dict[str, Any]:
    error = answer.get("error")
    if error:
        said = error.get("message", error) if isinstance(error, dict) else error
        raise UnusableBody(f"an error with status 200: {said}")
    return answer


def _first_choice(answer: dict[str, Any]) -> dict[str, Any]:
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise UnusableBody("a completion without choices")
    return choices[0]


def _text(content: object) -> str:
    """Content is a string, null, or a list of parts of which some are text."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    raise UnusableBody("a message whose content is not text")


def _finish(reason: object, message: dict[str, Any]) -> Literal["stop", "length", "filter"]:
    if reason == "content_filter" or message.get("refusal"):
        return "filter"
    return "length" if reason == "length" else "stop"


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_TOKENS else 0


def _whole_number(digits: str) -> int:
    """Python refuses to read numbers of thousands of digits; a reply that is paid for is not lost for one."""
    return int(digits[:MOST_DIGITS])
