"""What went wrong with a call, and whether asking again can help."""

import email.utils
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "LONGEST_WAIT",
    "Cause",
    "Refusal",
    "TransientFault",
    "asked_wait",
    "connection_fault",
    "fault_causes",
    "refusal_of",
]

Cause = Literal["throttled", "unreachable", "refused", "lost"]
"""`throttled`: told to slow down (429). `unreachable`: never sent. `refused`: another status below 500. Those three
cost nothing. `lost`: a server error, a timeout (Azure bills a 408 too), a broken connection, an unusable body; it may
be billed."""

AGAIN_IN = re.compile(
    r"(?:try|retry|wait)\b[^.:;]{0,40}?\b(?:in|after|for)\s+(?P<wait>(?:\d+(?:\.\d+)?\s*(?:h|hours?|m|mins?|minutes?|ms|s|secs?"
    r"|seconds?)\b\s*|\d+(?:\.\d+)?(?:h|ms|m|s)(?=\d))+)",
    re.I,
)
AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(h|ms|m|s)", re.I)
SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
THROTTLED = 429
TIMED_OUT = 408
TRANSIENT_STATUS = (TIMED_OUT, 409, 425, THROTTLED)
PER_REQUEST_STATUS = (400, 413, 422)
FILTERED = ("content_filter", "content_policy", "content management policy", "contentpolicyviolation")
TOO_LONG = (
    "context_length",
    "context length",
    "context size",
    "context window",
    "contextwindow",
    "exceed_context",
    "input token count",
    "prompt is too long",
)
LONGEST_WAIT = 86_400.0
"""Seconds: who asks for more than a day gets no more than that said."""

MOST_SAID = 10_000
"""Characters of a refusal that are looked at; what it says of itself is in the first hundreds."""

NEVER_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout"}
"""What httpx, httpcore and their successors call a failure before the first byte of the request."""


class TransientFault(Exception):
    """A call that failed in a way that asking again may mend.

    `wait` is how many seconds the server asked to be left alone, if it did, at most `LONGEST_WAIT`.
    """

    def __init__(self, reason: str, cause: Cause = "lost", wait: float | None = None) -> None:
        super().__init__(reason)
        self.cause = cause
        self.wait = None if wait is None else min(wait, LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status of 400 or more: the provider's error code, the parameter it blames, its message.

    Status 0 is a refusal of ours: the server could not prove who it is.
    """

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

    def unless_transient(self, headers: Mapping[str, str]) -> "Refusal | TransientFault":
        """The refusal, or the fault it is if asking again may help; `headers` (lower case) may say when."""
        if self.kind != "transient":
            return self
        lost = self.status >= 500 or self.status == TIMED_OUT
        cause: Cause = "lost" if lost else "throttled" if self.status == THROTTLED else "refused"
        wait = _retry_after(headers)
        wait = asked_wait(self.message) if wait is None else wait
        return TransientFault(f"status {self.status}: {self.message}", cause, wait)

    def _concern(self) -> Literal["filtered", "too long", "body"]:
        said = f"{self.code} {self.message}".lower()
        if any(phrase in said for phrase in FILTERED):
            return "filtered"
        return "too long" if self.status == 413 or any(phrase in said for phrase in TOO_LONG) else "body"


def refusal_of(status: int, body: bytes, otherwise: str) -> Refusal:
    """The refusal in an answer with a status of 400 or more, as OpenAI, Anthropic, Google and Ollama put it.

    Args:
        otherwise: what to say when the body says nothing.

    >>> refusal_of(400, b'{"error": {"message": "no", "code": "bad", "param": "seed"}}', "").parameter
    'seed'
    >>> refusal_of(502, b"<html>Bad Gateway</html>", "").message
    '<html>Bad Gateway</html>'
    """
    text = body.decode(errors="replace")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    error = answer.get("error") if isinstance(answer, dict) else None
    details: dict[str, Any] = error if isinstance(error, dict) else {}
    said = details.get("message") or (error if isinstance(error, str) else text) or otherwise
    return Refusal(status, _word(details.get("code")), _word(details.get("param")), str(said)[:MOST_SAID])


def _word(value: object) -> str | None:
    return value[:MOST_SAID] if isinstance(value, str) else None


def asked_wait(message: str) -> float | None:
    """Seconds to wait according to what a message says in words, as OpenAI and Groq do; `None` if it says nothing.

    >>> asked_wait("Rate limit reached. Please try again in 7m12s. Visit our site.")
    432.0
    >>> asked_wait("Please retry after 20 seconds.")
    20.0
    """
    said = AGAIN_IN.search(message)
    if said is None:
        return None
    return sum(float(amount) * SECONDS[unit.lower()] for amount, unit in AMOUNT.findall(said["wait"]))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait according to a `Retry-After` header, given in seconds or as a date; None without one."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
        return max(0.0, seconds) if seconds < float("inf") else None
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def connection_fault(error: BaseException) -> TransientFault | Refusal:
    """The fault behind an exception of an HTTP client, told from the exceptions it was raised from.

    A certificate that is not accepted is a refusal with status 0: it will not be accepted the next time either.

    >>> connection_fault(OSError("broken pipe")).cause
    'lost'
    """
    causes = list(fault_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            said = cause.verify_message.rstrip(".")
            return Refusal(0, "certificate", None, f"its TLS certificate is not accepted: {said}")
    reason = str(causes[-1]) or str(error) or type(error).__name__
    if any(type(cause).__name__ in NEVER_SENT for cause in causes):
        return TransientFault(f"no connection ({reason})", "unreachable")
    return TransientFault(f"the connection broke ({reason})")


def fault_causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, and every one behind it, the nearest first."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
