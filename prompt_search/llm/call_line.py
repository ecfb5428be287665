"""The line in which calls wait until the server may have one more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prompt_search.llm.adaptive_limit import AdaptiveLimit

__all__ = ["CallLine"]


class CallLine:
    """Lets calls pass, as many at once as the limit allows and none while the server wants to be left alone.

    It belongs to one `complete`, and to its event loop; the limit outlives it.
    """

    def __init__(self, limit: AdaptiveLimit) -> None:
        self.limit = limit
        self.in_flight = 0
        self.retried = 0
        """Calls made again so far."""
        self.closing = False
        """Set when the run can't go on: calls in flight are the last ones of their samples."""
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits in line, then takes a place until the block is left."""
        await self._admitted()
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self._move_up()

    async def _admitted(self) -> None:
        while (pause := self.limit.pause) or self.in_flight >= self.limit.now:
            if pause:
                await asyncio.sleep(pause)
            else:
                place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(place)
                await place

    def _move_up(self) -> None:
        waiting, self._waiting = self._waiting, []
        for place in waiting:
            if not place.done():
                place.set_result(None)
