"""What is to be seen of a run while it goes on."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Observer", "Silent", "Status", "default_observer", "showing"]


@dataclass(slots=True)
class Status:
    """Running totals of a run; the engine updates it and shows it to the observer."""

    phase: str = "starting"
    best_fitness: float | None = None
    best_top1: float | None = None
    candidates: int = 0
    llm_calls: int = 0
    llm_planned: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cache_hits: int = 0
    paid: float | None = None
    in_flight: int = 0
    waiting: int = 0
    retried: int = 0
    held_until: float | None = None
    """The moment of `time.monotonic` until which the server asked to be left alone, if it did."""
    done: int = 0
    total: int = 0
    by_worker: Mapping[str, int] = field(default_factory=dict)
    """Of what is done, by the name of the worker, where there are several."""


class Observer(Protocol):
    """Is told whenever something moved, and of what a person should read.

    One that is a context manager, too, is entered while there is something to show.
    """

    def update(self, status: Status) -> None:
        """The totals have changed."""
        ...

    def warn(self, message: str) -> None:
        """Something a person should know."""
        ...


class Silent:
    """Shows nothing, keeps warnings: `Resources(observer=Silent())`."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def update(self, status: Status) -> None:
        """Ignored."""

    def warn(self, message: str) -> None:
        """Kept in `warnings`."""
        self.warnings.append(message)


def default_observer() -> Observer:
    """Shows the progress where the program runs: in a notebook, on a terminal, or as lines on standard error."""
    from prompt_search.display.display import Display

    return Display()


def showing(observer: Observer) -> AbstractContextManager[object]:
    """While this is entered the observer shows something, whatever the program is busy with."""
    return observer if isinstance(observer, AbstractContextManager) else nullcontext()
