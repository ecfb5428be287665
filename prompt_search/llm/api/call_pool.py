"""Many samples at once, their replies in the order they arrive."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from itertools import islice

from optimizers.errors import LanguageModelError, LanguageModelRejected
from optimizers.language_model import Reply, Sample, Traffic
from prompt_search.llm.api.call_line import CallLine
from prompt_search.llm.api.sample_call import Patience, SampleCall

__all__ = ["CallPool", "Event"]

Event = tuple[int, Reply] | Traffic
"""A sample's index with its reply, or how traffic is now."""

TICK = 0.1
"""Seconds between two looks at the traffic."""

REMINDER = 1.0
"""Seconds after which the traffic is told again though it is the same: who watches may have a limit of time to keep."""


class CallPool:
    """Runs samples, as many at a time as the server bears, the first of them a moment ahead of the others.

    So where a server answers at once, a reply is kept before many calls are out: a run that is killed again and again
    still gains with every start, and a refusal for good is met once.

    When one fails for good, no other is begun or tried again. Calls in flight are paid for: they may end, each within
    its own timeout, or within the time of grace if the server refused for good; their replies are handed over, then
    the error is raised.

    Args:
        samples: what to complete.
        begin: makes the call for a sample.
        line: where all of them wait.
        patience: with `grace` and `head_start`.
        watched: whether anybody looks at the traffic.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        begin: Callable[[Sample], SampleCall],
        line: CallLine,
        patience: Patience,
        watched: bool,
    ) -> None:
        self._coming = enumerate(samples)
        self._unfinished = len(samples)
        self._begin = begin
        self._line = line
        self._grace = patience.grace
        self._tick = TICK if watched else None
        self._running: dict[asyncio.Task[Reply], int] = {}
        self._begun: dict[int, SampleCall] = {}
        self._failure: LanguageModelError | None = None
        self._end = float("inf")
        self._others_from = time.monotonic() + patience.head_start
        self._told: tuple[float, Traffic | None] = (float("-inf"), None)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Every reply as it arrives, and the traffic when it changed, at most ten times and at least once a second.

        When cancelled, replies that are there are handed over before the cancellation goes on.

        Raises:
            LanguageModelError: the first one of a sample.
        """
        try:
            while self._begin_more():
                await asyncio.wait(self._running, timeout=self._longest_wait(), return_when=asyncio.FIRST_COMPLETED)
                for indexed in self._arrived():
                    yield indexed
                for traffic in self._traffic():
                    yield traffic
        except asyncio.CancelledError:
            for indexed in self._arrived():
                yield indexed
            raise
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
        if self._failure is not None:
            raise self._failure

    @property
    def billable(self) -> dict[int, int]:
        """How many calls of each sample may have been billed so far; a sample that was not begun is not in it."""
        return {index: call.billable for index, call in self._begun.items()}

    def _begin_more(self) -> bool:
        """Begin what may be begun; whether anything is running and may still run."""
        if not self._line.closing:
            places = 1 if self._head_start() > 0 else self._line.limit.now
            for index, sample in islice(self._coming, max(0, places - len(self._running))):
                self._begun[index] = self._begin(sample)
                self._running[asyncio.create_task(self._begun[index].reply())] = index
        return bool(self._running) and time.monotonic() < self._end

    def _longest_wait(self) -> float | None:
        left = max(0.0, self._end - time.monotonic()) if self._end < float("inf") else None
        ahead = self._head_start() or None
        return min((seconds for seconds in (left, self._tick, ahead) if seconds is not None), default=None)

    def _head_start(self) -> float:
        """Seconds that are left to the first call before others may be begun; 0 once it has come to its end."""
        over = len(self._begun) > 1 or (self._begun and not self._running)
        return 0.0 if over else max(0.0, self._others_from - time.monotonic())

    def _arrived(self) -> Iterator[tuple[int, Reply]]:
        """Replies first, so that none is lost when the failures are looked at."""
        failed = []
        for task in [task for task in self._running if task.done()]:
            index = self._running.pop(task)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                failed.append(error)
            elif not task.cancelled():
                self._unfinished -= 1
                yield index, task.result()
        for error in failed:
            self._stop(error)

    def _stop(self, error: BaseException) -> None:
        """Nothing is begun or tried again; calls that are not in flight end now."""
        if not isinstance(error, LanguageModelError):
            raise error
        self._failure = self._failure or error
        self._line.closing = True
        if isinstance(error, LanguageModelRejected):
            self._end = min(self._end, time.monotonic() + self._grace)
        for task, index in self._running.items():
            if not self._begun[index].in_flight:
                task.cancel()

    def _traffic(self) -> Iterator[Traffic]:
        """The traffic, if anybody looks, and it changed or was not told for long."""
        told_at, told = self._told
        last = not self._running
        if self._tick is None or (time.monotonic() - told_at < self._tick and not last):
            return
        line = self._line
        now = Traffic(
            line.in_flight, self._unfinished - line.in_flight, line.retried, line.limit.now, line.limit.held_until
        )
        if now != told or time.monotonic() - told_at >= REMINDER:
            self._told = (time.monotonic(), now)
            yield now
