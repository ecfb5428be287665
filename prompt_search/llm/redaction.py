"""Text of servers and errors, fit to be shown and stored: without keys, control characters and endless lines."""

import re
from collections.abc import Callable, Iterable

__all__ = ["Redaction"]

LONGEST_QUOTE = 300


class Redaction:
    """Takes secrets out of text.

    Args:
        secrets: tells the secrets of the moment; empty strings are ignored.

    >>> Redaction(lambda: ["sk-123"]).redacted("no such key: sk-123")
    'no such key: [secret]'
    """

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        self._secrets = secrets

    def redacted(self, text: str) -> str:
        """The text without any secret it may echo: replies are written to disk."""
        for secret in sorted(filter(None, self._secrets()), key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return text

    def quote(self, text: str) -> str:
        """What a server said, fit to show: no secrets, no control characters, at most 300 characters."""
        printable = "".join(c if c.isprintable() else " " for c in self.redacted(text))
        short = re.sub(" +", " ", printable).strip()
        return short if len(short) <= LONGEST_QUOTE else short[: LONGEST_QUOTE - 1] + "…"
