"""How much a run may spend."""

from dataclasses import dataclass

from prompt_search.errors import SettingsError

__all__ = ["Budget"]


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of a run; `None` means no limit.

    Attributes:
        max_calls: language model calls. A reply from the cache counts too, so that a run does not depend on what
            the cache holds.
    """

    max_calls: int | None = None

    def __post_init__(self) -> None:
        if self.max_calls is not None and self.max_calls < 0:
            raise SettingsError(f"--max-calls must be 0 or more, got {self.max_calls}")

    def affordable(self, calls: int, spent: int) -> int:
        """How many of `calls` more calls are allowed after `spent`.

        >>> Budget(max_calls=10).affordable(8, spent=5)
        5
        """
        return calls if self.max_calls is None else max(0, min(calls, self.max_calls - spent))
