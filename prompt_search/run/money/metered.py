"""Puts questions to the language model as far as the budget reaches."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from optimizers import LanguageModel, Reply, Sample, billable
from prompt_search.errors import BudgetReached, RunMismatch
from prompt_search.llm.batch_log import FEWEST, BatchLog
from prompt_search.run.money.budget import Budget, Limit
from prompt_search.run.money.ledger import Ledger

__all__ = ["UNASKED", "Answered", "Clock", "MeteredModel"]

UNASKED = Reply("", finish="budget")


@dataclass(slots=True)
class Clock:
    """Seconds since a run was started, loading included."""

    began: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """So far."""
        return time.monotonic() - self.began


@dataclass(frozen=True, slots=True)
class Answered:
    """Replies in the order of the samples, `UNASKED` where a limit kept them from being asked for; and that limit."""

    replies: tuple[Reply, ...]
    reached: Limit | None


class MeteredModel:
    """A language model under a budget.

    Args:
        model: to ask, or `None` where a replay must not.
        ledger: is told before calls are sent what they may cost, and then what they did cost.
        clock: for the limit of time.
    """

    def __init__(self, model: LanguageModel | None, ledger: Ledger, budget: Budget, clock: Clock) -> None:
        self.ledger = ledger
        self._model, self._budget, self._clock = model, budget, clock

    def limit(self, reached: Limit) -> float:
        """The value of a limit."""
        value = getattr(self._budget, reached)
        assert value is not None
        return float(value)

    def time_is_up(self) -> bool:
        """Whether the limit of time is reached."""
        return self._budget.max_time is not None and self._clock.seconds() >= self._budget.max_time

    def refuses(self, sample: Sample, made: int) -> Limit | None:
        """The limit that keeps this one sample from being asked for, after `made` replies."""
        if self.time_is_up():
            return "max_time"
        if not self._budget.affordable(1, made):
            return "max_calls"
        return self.ledger.room(sample, self._budget)

    def answer(
        self,
        samples: Sequence[Sample],
        known: Mapping[str, Reply],
        made: int,
        on_reply: Callable[[Reply], None],
        batches: BatchLog | None = None,
    ) -> Answered:
        """Ask for the samples that have no reply yet, in as many rounds as it takes to stay within the limits.

        A round is what the ledger has room for if every call in it costs the most it can. When time is up, calls in
        flight are cancelled, while a batch goes on at its provider.

        Of a batch that did not answer all its samples, the first of the others is asked for singly, which shows what is
        wrong with it or mends it for the rest.

        Args:
            known: replies that were recorded earlier, by sample key.
            made: replies of this run so far.
            on_reply: told of each new reply as it comes.
            batches: those of these samples; `None` to send all singly.

        Raises:
            LanguageModelError: if the language model can't go on.
        """
        allowed = self._budget.affordable(len(samples), made)
        replies = {i: known[s.key] for i, s in enumerate(samples[:allowed]) if s.key in known}
        open_ = [i for i in range(allowed) if i not in replies]
        reached: Limit | None = "max_calls" if allowed < len(samples) else None
        incomplete = 0
        while open_:
            batched = batches if batches and (batches.open or _fits(batches, len(open_), incomplete)) else None
            single = 1 if incomplete % 2 and not batched else len(open_)
            name = batched.question if batched else None
            count, short = self.ledger.admit([samples[i] for i in open_[:single]], self._budget, name)
            if count == 0:
                reached = short
                break
            now = open_[:count]
            try:
                self._round(now, samples, replies, on_reply, batched)
            except BudgetReached:
                reached = "max_time"
                break
            # A model that leaves a sample without a reply when it is asked for singly is not asked for it again.
            done = replies if batched else {*replies, *now}
            open_ = [i for i in open_ if i not in done]
            incomplete += incomplete > 0 or any(i not in replies for i in now)
        return Answered(tuple(replies.get(i, UNASKED) for i in range(len(samples))), reached)

    def _round(
        self,
        now: Sequence[int],
        samples: Sequence[Sample],
        replies: dict[int, Reply],
        on_reply: Callable[[Reply], None],
        batches: BatchLog | None,
    ) -> None:
        if self._model is None:
            raise RunMismatch("the replay comes to a question that the journal has no reply to")
        asked = [samples[i] for i in now]

        def arrived(position: int, reply: Reply) -> None:
            replies[now[position]] = reply
            self.ledger.settle(position, asked[position], reply)
            on_reply(reply)
            if self.time_is_up():
                raise BudgetReached("time is up")

        try:
            if batches is None:
                self._model.complete(asked, arrived)
            else:
                self._model.complete_batch(asked, batches, arrived)  # type: ignore[attr-defined]
        except BaseException:
            if batches is None or not batches.open:  # what is in an open batch will be paid for
                self._abandon([(i, sample) for i, sample in enumerate(asked) if now[i] not in replies])
            raise
        if batches is not None:
            self._abandon([(i, sample) for i, sample in enumerate(asked) if now[i] not in replies])

    def _abandon(self, open_: Sequence[tuple[int, Sample]]) -> None:
        """Release what was reserved for calls that were never sent, as far as the model tells of its calls."""
        calls = billable(self._model)
        if calls is not None and open_:
            self.ledger.abandon([(i, sample, calls.get(i, 0)) for i, sample in open_])


def _fits(batches: BatchLog, samples: int, incomplete: int) -> bool:
    """Whether so many samples go into a batch, after rounds that began with one that was incomplete.

    Of every two of them the first sends one singly; after three batches all are sent so.
    """
    return batches.wanted and samples >= FEWEST and incomplete in (0, 2, 4)
