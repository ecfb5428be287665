"""What is written down of batches while their questions are with a provider, so that no start asks twice."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["FEWEST", "BatchLog", "BatchStep", "OpenBatch", "takes_batches"]

FEWEST = 16
"""Questions put together that make a batch: fewer are sent singly, since a batch may take a day however small it is."""


@dataclass(frozen=True, slots=True)
class BatchStep:
    """A step on the way of a batch, to be kept.

    Attributes:
        state: `begun` before it is submitted, `submitted`, or `over`.
        token: made up here, and told the provider with the batch: one whose id got lost is found by it.
        batch: the provider's id; `None` where it is not known yet.
        samples: of `begun`: the keys of the samples in it.
        unanswered: of `over`: those of them that it brought no reply to.
    """

    state: Literal["begun", "submitted", "over"]
    token: str
    batch: str | None = None
    samples: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that is not over; see `BatchStep`."""

    token: str
    samples: tuple[str, ...]
    batch: str | None = None


class BatchLog:
    """The batches of one question of a run.

    Args:
        question: identifies it, the same at every start.
        steps: what earlier starts wrote down.
        write: keeps a step on disk before it returns.
        wanted: whether new batches may be submitted; those that are open are waited for in any case.
        tell: is told how a batch stands.

    >>> log = BatchLog("q", [], print, wanted=True, tell=print)
    >>> log.submitted("ab", "batch_1")
    Traceback (most recent call last):
    KeyError: 'ab'
    """

    def __init__(
        self,
        question: str,
        steps: Sequence[BatchStep],
        write: Callable[[BatchStep], None],
        *,
        wanted: bool,
        tell: Callable[[str], None],
    ) -> None:
        self.question, self.wanted, self.tell = question, wanted, tell
        self.open: dict[str, OpenBatch] = {}
        """By token, in the order they were begun."""
        self.answered: set[str] = set()
        """Keys of samples that a batch brought a reply to."""
        self._write = write
        for step in steps:
            self._take_in(step)

    def begun(self, samples: Sequence[str]) -> str:
        """Before a batch with these samples is submitted; its token."""
        token = secrets.token_hex(8)
        self._keep(BatchStep("begun", token, samples=tuple(samples)))
        return token

    def submitted(self, token: str, batch: str) -> None:
        """The provider has it."""
        self._keep(BatchStep("submitted", self.open[token].token, batch))

    def over(self, token: str, unanswered: Sequence[str]) -> None:
        """It was looked at for the last time."""
        self._keep(BatchStep("over", token, self.open[token].batch, unanswered=tuple(unanswered)))

    def _keep(self, step: BatchStep) -> None:
        self._write(step)
        self._take_in(step)

    def _take_in(self, step: BatchStep) -> None:
        if step.state == "begun":
            self.open[step.token] = OpenBatch(step.token, step.samples)
        elif step.token in self.open and step.state == "submitted":
            self.open[step.token] = replace(self.open[step.token], batch=step.batch)
        elif step.token in self.open:
            self.answered |= {*self.open.pop(step.token).samples} - {*step.unanswered}


def takes_batches(model: object) -> bool:
    """Whether a language model, or the one behind a cache, has `complete_batch`."""
    return callable(getattr(getattr(model, "inner", model), "complete_batch", None))
