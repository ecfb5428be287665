"""Text that came from outside, made safe to store: bounded in size and valid Unicode."""

from dataclasses import replace

from optimizers.language_model import Reply

__all__ = ["LONGEST_REPLY", "stored_reply"]

LONGEST_REPLY = 1_000_000
"""The most bytes (UTF-8) of a reply that are kept."""


def stored_reply(reply: Reply) -> Reply:
    """The reply with lone surrogates replaced; a text over `LONGEST_REPLY` bytes is cut and its finish is `length`.

    >>> stored_reply(Reply("a cat \\ud83d")).text
    'a cat \ufffd'
    """
    encoded = _valid(reply.text).encode()
    cut = len(encoded) > LONGEST_REPLY
    return replace(
        reply,
        text=encoded[:LONGEST_REPLY].decode(errors="ignore"),
        finish="length" if cut and reply.finish == "stop" else reply.finish,
        error=None if reply.error is None else _valid(reply.error),
    )


def _valid(text: str) -> str:
    """JSON may escape half a surrogate pair, which no file or database can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
