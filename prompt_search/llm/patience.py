"""How long and how often to try."""

from dataclasses import dataclass

__all__ = ["Patience", "seconds_for"]

SHORT_REPLY = 1_000
SLOWEST = 20
"""Tokens a second: of a long reply, slower ones are given up."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When a call is given up, and when its sample.

    Attributes:
        attempts: most calls for one sample that may be billed, at least 1. A 429 is never billed and not counted.
        timeout: seconds one call may take, from connecting to the last byte; for replies of up to 1,000 tokens, see
            `seconds_for`.
        deadline: seconds without any answer from the server after which a sample is not tried again.
        longest_wait: most seconds between two attempts, unless the server asks for more.
        longest_asked: most seconds a server may ask to be left alone until it has answered again; they do not count for
            the deadline.
        grace: seconds that calls in flight get to end after a refusal for good.
    """

    attempts: int = 8
    timeout: float = 60.0
    deadline: float = 300.0
    longest_wait: float = 30.0
    longest_asked: float = 1800.0
    grace: float = 5.0


def seconds_for(timeout: float, tokens: int) -> float:
    """Seconds a call may take whose reply may have so many tokens: a model that thinks first needs more than others.

    >>> seconds_for(60, 200), seconds_for(60, 9_000)
    (60, 460.0)
    """
    return timeout if tokens <= SHORT_REPLY else timeout + (tokens - SHORT_REPLY) / SLOWEST
