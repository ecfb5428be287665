"""What replies were good for: counted by cause, so that a run to which nothing comes through ends as a failure."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from optimizers import Reply
from optimizers.replies import answer_in, is_refusal

__all__ = ["ENOUGH", "Outcome", "Usefulness", "causes", "outcome"]

Outcome = Literal["usable", "thought", "cut", "empty", "refused", "failed", "wrong form"]
"""`thought`: cut at its cap before an answer began. `cut`: cut at its cap, nothing usable in it. `empty`: ended by
itself without an answer. `refused`: withheld by a filter, or the model said that it will not. `failed`: finish `error`.
`wrong form`: an answer in which nothing usable can be found."""

ENOUGH = 24
"""Useless replies from the start that are enough to give up, by default."""

LATER = 4
"""Times as many in a row are needed where there was a usable one: a small model may be right once in a while."""

SAID: dict[Outcome, str] = {
    "thought": "cut at the cap of tokens before an answer began",
    "cut": "cut at the cap of tokens",
    "empty": "empty",
    "refused": "refused or withheld",
    "failed": "failed",
    "wrong form": "in another form than was asked for",
}


def outcome(reply: Reply, usable: bool) -> Outcome:
    """What became of a reply.

    >>> outcome(Reply("<think>A cat is", finish="length"), usable=False)
    'thought'
    """
    answer = answer_in(reply.text).strip()
    if reply.finish == "error":
        return "failed"
    if reply.finish == "filter":
        return "refused"
    if not answer:
        return "thought" if reply.finish == "length" else "empty"
    if usable:
        return "usable"
    if is_refusal(answer):
        return "refused"
    return "cut" if reply.finish == "length" else "wrong form"


def causes(counts: Counter[Outcome]) -> str:
    """The causes of useless replies, the most frequent first.

    >>> causes(Counter({"usable": 1, "empty": 2, "refused": 3}))
    '3 refused or withheld, 2 empty'
    """
    return ", ".join(f"{n} {SAID[cause]}" for cause, n in counts.most_common() if cause != "usable" and n)


class Usefulness:
    """Counts outcomes in order.

    Args:
        enough: see `ENOUGH`; 0 never gives up.
    """

    def __init__(self, enough: int = ENOUGH) -> None:
        self._enough = enough
        self.counts: Counter[Outcome] = Counter()
        self.in_a_row: Counter[Outcome] = Counter()
        """Since the last usable one."""

    @property
    def asked(self) -> int:
        """Replies so far."""
        return self.counts.total()

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count some more."""
        for each in outcomes:
            self.counts[each] += 1
            if each == "usable":
                self.in_a_row.clear()
            else:
                self.in_a_row[each] += 1

    def forget_row(self) -> None:
        """Begin a new row: what follows is asked in another way."""
        self.in_a_row.clear()

    def with_more(self, outcomes: Iterable[Outcome]) -> "Usefulness":
        """A copy that has counted these too."""
        copy = Usefulness(self._enough)
        copy.counts, copy.in_a_row = self.counts.copy(), self.in_a_row.copy()
        copy.add(outcomes)
        return copy

    @property
    def hopeless(self) -> bool:
        """Whether so many were useless in a row that it is time to give up."""
        limit = self._enough * (LATER if self.counts["usable"] else 1)
        return self._enough > 0 and limit <= self.in_a_row.total()

    @property
    def fruitless(self) -> bool:
        """Whether all were useless, though they matter."""
        return self._enough > 0 and self.asked > 0 and not self.counts["usable"]
