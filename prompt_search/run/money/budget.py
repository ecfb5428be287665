"""How much a run may spend."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from prompt_search.errors import SettingsError

__all__ = ["Budget", "Limit", "limit_sentence"]

Limit = Literal["max_calls", "max_total_tokens", "max_cost", "max_time"]


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of a run, any of which ends it properly; `None` means no limit.

    Attributes:
        max_calls: replies of the language model. One from the cache counts too, so that a run does not depend on what
            the cache holds.
        max_total_tokens: prompt and completion tokens that were paid for; replies from the cache are free.
        max_cost: US dollars that were paid; refused without a known price.
        max_time: seconds since this start of the run, loading and encoding included.

    Raises:
        SettingsError: if a limit is negative or no number.
    """

    max_calls: int | None = None
    max_total_tokens: int | None = None
    max_cost: float | None = None
    max_time: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            limit = getattr(self, field.name)
            counted = field.name in ("max_calls", "max_total_tokens")
            if limit is None:
                continue
            if isinstance(limit, bool) or not isinstance(limit, int if counted else int | float):
                kind = "a whole number" if counted else "a number"
                raise SettingsError(f"{field.name} must be {kind}, got {limit!r}")
            if not (limit >= 0 and math.isfinite(limit)):
                raise SettingsError(f"{field.name} must be 0 or more, got {limit}")

    def affordable(self, calls: int, made: int) -> int:
        """How many of `calls` more calls are allowed after `made`.

        >>> Budget(max_calls=10).affordable(8, made=5)
        5
        """
        return calls if self.max_calls is None else max(0, min(calls, self.max_calls - made))

    def over(self, earlier: "Budget") -> "Budget":
        """These limits, and those of an earlier budget where these are open.

        >>> Budget(max_calls=20).over(Budget(max_calls=10, max_cost=1.0))
        Budget(max_calls=20, max_total_tokens=None, max_cost=1.0, max_time=None)
        """
        stated = {name: limit for name, limit in self.to_json().items() if limit is not None}
        return Budget.from_json(earlier.to_json() | stated)

    def raised_above(self, reached: Limit, limit: float) -> bool:
        """Whether this budget gives more room than the limit that once ended a run."""
        now = getattr(self, reached)
        return now is None or now > limit

    def to_json(self) -> dict[str, float | None]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Budget":
        """Read back what `to_json` wrote."""
        return cls(**value)


def limit_sentence(reached: Limit, limit: float, needed: float | None = None) -> str:
    """What ended a run; `needed` is the most that one more call can use of it, retries included.

    >>> limit_sentence("max_calls", 20)
    'the limit of 20 language model calls is reached'
    >>> limit_sentence("max_cost", 0.5, 0.02)
    'the limit of $0.5 has no room for another call, which may use up to $0.02, retries included'
    """
    if needed is not None:
        room, use = (f"${limit:g}", f"${needed:.2g}") if reached == "max_cost" else (f"{limit:g} tokens", f"{needed:g}")
        return f"the limit of {room} has no room for another call, which may use up to {use}, retries included"
    match reached:
        case "max_calls":
            return f"the limit of {limit:g} language model calls is reached"
        case "max_total_tokens":
            return f"the limit of {limit:g} tokens is reached"
        case "max_cost":
            return f"the limit of ${limit:g} is reached"
        case "max_time":
            return f"the limit of {limit:g} s is reached"
