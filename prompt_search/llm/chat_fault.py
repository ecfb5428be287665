"""What went wrong with a call, and whether asking again can help."""

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Refusal", "TransientFault", "retry_after"]

TRANSIENT_STATUS = (408, 409, 425, 429)
PER_REQUEST_STATUS = (400, 413, 422)
FILTERED = ("content_filter", "content_policy", "content management policy")
TOO_LONG = ("context_length", "context length", "context size", "context window", "exceed_context")


class TransientFault(Exception):
    """A call that failed in a way that asking again may mend.

    `wait` is how many seconds the server asked to be left alone, if it did.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status of 400 or more: the provider's error code, the parameter it blames, its message."""

    status: int
    code: str | None
    parameter: str | None
    message: str

    @property
    def kind(self) -> Literal["transient", "filtered", "too long", "body", "fatal"]:
        """What it means: `filtered` and `too long` concern one prompt, `body` how it was put, `fatal` everything.

        >>> Refusal(429, "rate_limit_exceeded", None, "slow down").kind
        'transient'
        >>> Refusal(429, "insufficient_quota", None, "buy credit").kind
        'fatal'
        """
        if self.code == "insufficient_quota":
            return "fatal"
        if self.status in TRANSIENT_STATUS or self.status >= 500:
            return "transient"
        if self.status not in PER_REQUEST_STATUS:
            return "fatal"
        return self._concern()

    def _concern(self) -> Literal["filtered", "too long", "body"]:
        said = f"{self.code} {self.message}".lower()
        if any(phrase in said for phrase in FILTERED):
            return "filtered"
        return "too long" if self.status == 413 or any(phrase in said for phrase in TOO_LONG) else "body"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait according to a `Retry-After` header, given in seconds or as a date; None without one.

    >>> retry_after({"retry-after": "1.5"})
    1.5
    """
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
