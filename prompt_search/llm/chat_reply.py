"""A chat completion's body as a `Reply`. Servers send all sorts of things with status 200."""

import json
from typing import Any, Literal

from optimizers.language_model import Reply
from prompt_search.llm.reply_text import stored_reply

__all__ = ["UnusableBody", "read_reply"]


class UnusableBody(Exception):
    """The body is not a chat completion; asking again may help."""


def read_reply(body: bytes) -> Reply:
    """The first choice of a chat completion.

    Raises:
        UnusableBody: if it is not JSON, not an object, an error, or holds no message.

    >>> read_reply(b'{"choices": [{"finish_reason": "stop", "message": {"content": "a cat"}}]}').text
    'a cat'
    """
    answer = _parsed(body)
    choice = _first_choice(answer)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise UnusableBody("a choice without a message")
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return stored_reply(
        Reply(
            _text(message.get("content")),
            _finish(choice.get("finish_reason"), message),
            _count(counts.get("prompt_tokens")),
            _count(counts.get("completion_tokens")),
        )
    )


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise UnusableBody(f"a body that is not JSON: {body[:1000].decode(errors='replace')}") from None
    if not isinstance(answer, dict):
        raise UnusableBody("a body that is not a JSON object")
    if answer.get("error"):
        error = answer["error"]
        raise UnusableBody(
            f"an error with status 200: {error.get('message', error) if isinstance(error, dict) else error}"
        )
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
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
