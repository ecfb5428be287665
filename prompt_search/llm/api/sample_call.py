"""One sample on its way to a reply: how long and how often to try."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import tenacity

from optimizers.errors import LanguageModelError
from optimizers.language_model import Reply, Sample
from prompt_search.llm.api.call_line import CallLine
from prompt_search.llm.api.chat_fault import TransientFault

__all__ = ["Patience", "SampleCall"]

FIRST_CONNECTIONS = 3
"""Attempts to reach a server that was never reached: most likely there is none, and that should be said soon."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When a call is given up, and when its sample.

    Attributes:
        attempts: most calls for one sample that may be billed, at least 1. A 429 is never billed and not counted.
        timeout: seconds one call may take, from connecting to the last byte; for replies of up to 1,000 tokens, see
            `chat_call.seconds_for`.
        deadline: seconds without any answer from the server after which a sample is not tried again.
        longest_wait: most seconds between two attempts, unless the server asks for more.
        longest_asked: most seconds a server may ask to be left alone until it has answered again; they do not count for
            the deadline.
        grace: seconds that calls in flight get to end after a refusal for good.
        head_start: seconds that the first of several calls has before others are begun, unless it ends sooner.
    """

    attempts: int = 8
    timeout: float = 60.0
    deadline: float = 300.0
    longest_wait: float = 30.0
    longest_asked: float = 1800.0
    grace: float = 5.0
    head_start: float = 0.05


class SampleCall:
    """Asks for one reply as often as it makes sense, after random, growing waits.

    Args:
        sample: what to ask for.
        ask: one call; raises `TransientFault` where another may help.
        line: where to wait for a place.
        give_up: the error to raise when the last attempt failed.
    """

    def __init__(
        self,
        sample: Sample,
        ask: Callable[[Sample], Awaitable[Reply]],
        line: CallLine,
        patience: Patience,
        give_up: Callable[[TransientFault], LanguageModelError],
    ) -> None:
        self._sample = sample
        self._ask = ask
        self._line = line
        self._patience = patience
        self._give_up = give_up
        self._wait = tenacity.wait_random_exponential(min(1.0, patience.longest_wait), patience.longest_wait)
        self._attempts = 0
        self.billable = 0
        """Calls made so far that may be billed, one under way among them."""
        self.in_flight = False
        """Whether a call is under way that may be paid for."""

    async def reply(self) -> Reply:
        """The reply.

        Raises:
            LanguageModelError: at a refusal for good, or when attempts or deadline are used up.
        """
        patiently = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(TransientFault),
            wait=self._pause,
            stop=self._is_last,
            before_sleep=self._before_another,
            reraise=True,
        )
        try:
            reply: Reply = await patiently(self._attempt)
            return replace(reply, unmetered=reply.unmetered + self.billable - 1)
        except TransientFault as fault:
            error = self._give_up(fault)
        raise error

    async def _attempt(self) -> Reply:
        limit = self._line.limit
        async with self._line.turn():
            halvings, self.in_flight = limit.halvings, True
            self.billable += 1
            try:
                reply = await self._ask(self._sample)
                limit.answered()
            except TransientFault as fault:
                self._note(fault, halvings)
                raise
            except LanguageModelError:
                self.billable -= 1
                raise
            finally:
                self.in_flight = False
        limit.reached = True
        return reply

    def _note(self, fault: TransientFault, halvings: int) -> None:
        self._attempts += fault.cause != "throttled"
        self.billable -= fault.cause != "lost"
        self._line.limit.reached |= fault.cause != "unreachable"
        if fault.cause == "throttled":
            self._line.limit.throttled(halvings)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Seconds until the next attempt: what the server asked for and a little more, or a random growing wait."""
        backoff, asked = self._wait(state), _fault(state).wait
        if asked is None:
            return backoff if self._line.limit.reached else min(backoff, 1.0)
        return asked + min(backoff, 1.0)

    def _is_last(self, state: tenacity.RetryCallState) -> bool:
        """Whether the attempt that just failed was the last one."""
        limit, patience = self._line.limit, self._patience
        allowed = patience.attempts if limit.reached else min(patience.attempts, FIRST_CONNECTIONS)
        if self._line.closing or self._attempts >= allowed:
            return True
        asked = _fault(state).wait or 0.0
        if limit.held + max(0.0, asked - limit.pause) > patience.longest_asked:
            return True
        return limit.quiet_for(state.start_time) + state.upcoming_sleep - asked >= patience.deadline

    def _before_another(self, state: tenacity.RetryCallState) -> None:
        self._line.retried += 1
        asked = _fault(state).wait
        if asked is not None:
            self._line.limit.hold(asked)


def _fault(state: tenacity.RetryCallState) -> TransientFault:
    fault = state.outcome.exception() if state.outcome else None
    assert isinstance(fault, TransientFault)
    return fault
