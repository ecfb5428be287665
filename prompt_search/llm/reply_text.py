"""Text that came from outside, made safe to store: bounded in size and valid Unicode."""

from dataclasses import replace

from optimizers.language_model import Reply

__all__ = ["LONGEST_REPLY", "stored_reply", "valid_text"]

LONGEST_REPLY = 1_000_000
"""The most bytes (UTF-8) of a reply that are kept."""


def stored_reply(reply: Reply) -> Reply:
    """The reply with lone surrogates replaced; a text over `LONGEST_REPLY` bytes is cut and its finish is `length`.

    >>> stored_reply(Reply("a cat \\ud83d")).text
    'a cat \ufffd'
    """
    encoded = valid_text(reply.text).encode()
    cut = len(encoded) > LONGEST_REPLY
    return replace(
        reply,
        text=encoded[:LONGEST_REPLY].decode(errors="ignore"),
        finish="length" if cut and reply.finish == "stop" else reply.finish,
        error=None if reply.error is None else valid_text(reply.error),
    )


def valid_text(text: str) -> str:
    """The text with lone surrogates replaced: no file, database or request can hold them.

    JSON may escape half a pair; names of files and arguments that are not UTF-8 bring others.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
