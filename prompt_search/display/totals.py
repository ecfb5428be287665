"""How far something is, in words: what every way of showing it says."""

import datetime
from collections.abc import Callable

from prompt_search.data.names.printable import printable
from prompt_search.run.progress import Status

__all__ = ["SHORTEST_WAIT", "Totals", "wait_sentence"]

MOST_NAMED = 4
"""Workers that are told one by one."""

SHORTEST_WAIT = 5.0
"""Seconds of a wait that is told where there are no live totals."""


class Totals:
    """The last status, and since when.

    Args:
        clock: seconds, as `time.monotonic`.

    >>> ticks = iter([0.0, 1.0, 31.0, 31.0])
    >>> totals = Totals(lambda: next(ticks))
    >>> totals.take(Status(phase="encoding images", done=600, total=2000))
    True
    >>> totals.line()
    'encoding images: 600 of 2000, 20/s, 70 s left'
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.status = Status()
        self._began = self._phase_began = clock()
        self._phase = ""

    def take(self, status: Status) -> bool:
        """Take a new status; whether it begins a new phase."""
        self.status = status
        is_new = status.phase != self._phase
        if is_new:
            self._phase, self._phase_began = status.phase, self.clock()
        return is_new

    def seconds(self) -> float:
        """Since the beginning."""
        return self.clock() - self._began

    def line(self) -> str:
        """The phase, and how far it is."""
        rows = self.rows()
        return printable(self.status.phase) + (f": {'; '.join(_said(*row) for row in rows)}" if rows else "")

    def rows(self) -> list[tuple[str, str]]:
        """What there is to say, as pairs of a label and a text; nothing before there is anything to count."""
        status = self.status
        if status.total:
            return [("images", self._rate()), *self._workers()]
        if not status.candidates and not status.llm_planned:
            return []
        rows = []
        if status.best_fitness is not None:
            top1 = "" if status.best_top1 is None else f" (top-1 {100 * status.best_top1:.1f} % on search)"
            rows.append(("best fitness", f"{status.best_fitness:.4f}{top1}"))
        rows.append(("candidates", str(status.candidates)))
        return [*rows, *self._asking()]

    def share(self) -> float | None:
        """How much of the phase is done, in [0, 1]; `None` where nobody knows."""
        status = self.status
        if status.total:
            return status.done / status.total
        return status.llm_calls / status.llm_planned if status.llm_planned > status.llm_calls else None

    def _asking(self) -> list[tuple[str, str]]:
        """What the language model is asked, and how it goes."""
        status = self.status
        planned = f" of {status.llm_planned}" if status.llm_planned > status.llm_calls else ""
        rows = [("LLM calls", f"{status.llm_calls}{planned}, {status.cache_hits} from the cache")]
        if status.in_flight or status.waiting:
            retried = f", {status.retried} retried" if status.retried else ""
            rows.append(("calls", f"{status.in_flight} in flight, {status.waiting} waiting{retried}"))
        now = self.clock()
        if status.held_until is not None and status.held_until - now >= 1:
            rows.append(("waiting", wait_sentence(status.held_until - now)))
        if status.paid:
            rows.append(("paid", f"${status.paid:.4f} (calls in flight at their most)"))
        rows.append(("tokens", f"{status.prompt_tokens} prompt, {status.completion_tokens} completion"))
        return rows

    def _workers(self) -> list[tuple[str, str]]:
        """What each worker has done; of many, how many there are, and the least and the most of one."""
        done = self.status.by_worker
        if not done:
            return []
        if len(done) <= MOST_NAMED:
            return [("workers", ", ".join(f"{name} {count}" for name, count in sorted(done.items())))]
        return [("workers", f"{len(done)}, with {min(done.values())} to {max(done.values())} images each")]

    def _rate(self) -> str:
        status = self.status
        so_far = f"{status.done} of {status.total}"
        if not status.done:
            return so_far
        seconds = max(self.clock() - self._phase_began, 1e-3)
        left = (status.total - status.done) * seconds / status.done
        return f"{so_far}, {status.done / seconds:.0f}/s, {left:.0f} s left"


def _said(label: str, text: str) -> str:
    """A row within a line; how long a wait is was told when it began."""
    return {"images": text, "waiting": "waiting for the server"}.get(label, f"{label} {text}")


def wait_sentence(seconds: float) -> str:
    """How long the server wants to be left alone, and until when by the clock on the wall."""
    end = datetime.datetime.now().astimezone() + datetime.timedelta(seconds=seconds)
    minutes, left = divmod(round(seconds), 60)
    length = f"{minutes} min {left} s" if minutes else f"{left} s"
    return f"the language model's server asks to be left alone for {length}, until {end:%H:%M:%S}"
