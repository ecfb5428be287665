"""Tokens for a model that thinks before it answers, beside those for the answer: learned from its replies."""

from dataclasses import replace

from optimizers import Request

__all__ = ["ThinkingRoom"]

STEPS = (0, 2_000, 8_000, 32_000)


class ThinkingRoom:
    """How many tokens are added to the cap of every request.

    A strategy's cap is for the answer. A model that thinks first spends it on thinking, and the reply comes back empty
    and billed. Where that is seen the room is widened, and stays so for the rest of the run.

    Args:
        stated: a person's own figure, which is never changed; `None` to begin without room and learn it.

    >>> room = ThinkingRoom()
    >>> room.widen(), room.tokens
    (True, 2000)
    """

    def __init__(self, stated: int | None = None) -> None:
        self._steps = STEPS if stated is None else (stated,)
        self._step = 0

    @property
    def tokens(self) -> int:
        """At the moment."""
        return self._steps[self._step]

    @property
    def can_widen(self) -> bool:
        """Whether there is more to give."""
        return self._step + 1 < len(self._steps)

    def widen(self) -> bool:
        """Give more, if there is more to give; whether there was."""
        more = self.can_widen
        self._step += more
        return more

    def given(self, request: Request) -> Request:
        """The request with the room added to its cap."""
        return replace(request, max_tokens=request.max_tokens + self.tokens) if self.tokens else request
