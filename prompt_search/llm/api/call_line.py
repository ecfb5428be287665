"""The line in which calls wait for a server; how many it bears at once is learned from its answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

__all__ = ["AdaptiveLimit", "CallLine"]


class AdaptiveLimit:
    """Additive increase, multiplicative decrease, as in TCP's congestion avoidance (Jacobson, 1988).

    It starts at the most. A 429 halves it, once for all calls that were under way together; a full round of answers
    raises it by one. Server errors and timeouts leave it as it is: they say nothing about a rate, and a sample that
    waits for its next attempt keeps its place, so a failing server gets fewer calls anyway.

    Args:
        most: where it starts and what it never exceeds, at least 1.
        clock: seconds, never going back.

    >>> limit = AdaptiveLimit(32)
    >>> sent_at = limit.halvings
    >>> for reply in range(20):
    ...     limit.throttled(sent_at)
    >>> limit.now
    16
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = max(1, most)
        self._limit = float(self._most)
        self._clock = clock
        self._not_before = float("-inf")
        self.halvings = 0
        """How often it was halved: note it when a call is sent."""
        self.reached = False
        """Whether the server was ever reached."""
        self._last_answer = float("-inf")
        self.held = 0.0
        """Seconds for which the server asked to be left alone since it last completed a call."""

    @property
    def now(self) -> int:
        """Most calls in flight at the moment, at least 1."""
        return int(self._limit)

    @property
    def pause(self) -> float:
        """Seconds for which no call may be sent."""
        return max(0.0, self._not_before - self._clock())

    @property
    def held_until(self) -> float | None:
        """The moment of the clock until which no call may be sent; `None` if calls may be sent."""
        return self._not_before if self.pause else None

    def quiet_for(self, since: float) -> float:
        """Seconds since the server last completed a call, or since a moment of the clock if that is later.

        Those for which it asked to be left alone do not count.
        """
        return max(0.0, self._clock() - max(since, self._last_answer) - self.held)

    def answered(self) -> None:
        """A call was completed."""
        self._last_answer, self.held = self._clock(), 0.0
        self._limit = min(float(self._most), self._limit + 1 / self._limit)

    def throttled(self, halvings: int) -> None:
        """A call was answered with 429; `halvings` as it was when the call was sent."""
        if halvings == self.halvings:
            self._limit = max(1.0, self._limit / 2)
            self.halvings += 1

    def hold(self, seconds: float) -> None:
        """The server asked not to be called for so long."""
        until = max(self._not_before, self._clock() + seconds)
        self.held += until - max(self._not_before, self._clock())
        self._not_before = until


class CallLine:
    """Lets calls pass, as many at once as the limit allows and none while the server wants to be left alone.

    It belongs to one `complete`, and to its event loop; the limit outlives it.
    """

    def __init__(self, limit: AdaptiveLimit) -> None:
        self.limit = limit
        self.retried = 0
        """Calls made again so far."""
        self.closing = False
        """Set when the run can't go on: calls in flight are the last ones of their samples."""
        self._places = anyio.CapacityLimiter(limit.now)

    @property
    def in_flight(self) -> int:
        """Calls that have a place."""
        return self._places.borrowed_tokens

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits in line, then takes a place until the block is left."""
        while True:
            await asyncio.sleep(self.limit.pause)
            async with self._places:
                if self.limit.pause:
                    continue
                try:
                    yield
                finally:
                    self._places.total_tokens = self.limit.now
                return
