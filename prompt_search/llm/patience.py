"""How long and how often to try."""

from dataclasses import dataclass

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """When a call is given up, and when its sample.

    Attributes:
        attempts: most calls for one sample that may be billed, at least 1. A 429 is never billed and not counted.
        timeout: seconds one call may take, from connecting to the last byte.
        deadline: seconds without any answer from the server after which a sample is not tried again.
        longest_wait: most seconds between two attempts, unless the server asks for more.
        grace: seconds that calls in flight get to end after a refusal for good.
    """

    attempts: int = 8
    timeout: float = 60.0
    deadline: float = 300.0
    longest_wait: float = 30.0
    grace: float = 5.0
