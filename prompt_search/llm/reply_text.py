"""What came from outside, made safe to store: text bounded in size and valid Unicode, counts that can be counts."""

from dataclasses import replace

from optimizers.language_model import Reply

__all__ = ["LONGEST_REPLY", "MOST_TOKENS", "stored_reply", "valid_text"]

LONGEST_REPLY = 1_000_000
"""The most bytes (UTF-8) of a reply that are kept."""

MOST_TOKENS = 10**9
"""The most tokens that one call may have used: a higher count is none."""


def stored_reply(reply: Reply) -> Reply:
    """The reply with lone surrogates replaced; a text over `LONGEST_REPLY` bytes is cut and its finish is `length`.

    Counts of tokens below 0 or above `MOST_TOKENS` become 0, and the call one that told no usage.

    >>> stored_reply(Reply("a cat \\ud83d")).text
    'a cat \ufffd'
    """
    encoded = valid_text(reply.text).encode()
    cut = len(encoded) > LONGEST_REPLY
    counts = (reply.prompt_tokens, reply.completion_tokens)
    possible = all(0 <= count <= MOST_TOKENS for count in counts)
    return replace(
        reply,
        prompt_tokens=counts[0] if possible else 0,
        completion_tokens=counts[1] if possible else 0,
        unmetered=reply.unmetered if possible else max(1, reply.unmetered),
        text=encoded[:LONGEST_REPLY].decode(errors="ignore"),
        finish="length" if cut and reply.finish == "stop" else reply.finish,
        error=None if reply.error is None else valid_text(reply.error),
    )


def valid_text(text: str) -> str:
    """The text with lone surrogates replaced: no file, database or request can hold them.

    JSON may escape half a pair; names of files and arguments that are not UTF-8 bring others.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
