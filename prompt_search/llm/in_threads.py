"""One function called for many items by a few threads, what it returns handed over in the calling thread."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from optimizers.errors import SettingsError
from prompt_search.llm.hand_over import DEAF

__all__ = ["InThreads", "check_concurrency"]

Item = TypeVar("Item")
Made = TypeVar("Made")


def check_concurrency(calls: object) -> None:
    """Refuse what is no number of calls.

    Raises:
        SettingsError: telling it.
    """
    if isinstance(calls, bool) or not isinstance(calls, int) or calls < 1:
        raise SettingsError(f"concurrency must be a whole number of at least 1, got {calls!r}")


class InThreads(Generic[Item, Made]):
    """Calls that are begun in the order of the items and handed over as they end.

    When one fails, no other is begun; those under way may end and are handed over, then the failure of the first item
    that has one is raised. When the receiver raises, calls under way are waited for, and dropped. Ctrl-C waits for
    nothing: a call can't be stopped, so its thread is left alone, and ends with the process at the latest.

    Args:
        call: the function; must bear to be called by several threads.
        items: what it is called with.
        threads: the most calls at a time.
    """

    def __init__(self, call: Callable[[Item], Made], items: Sequence[Item], threads: int) -> None:
        self._call = call
        self._coming = deque(enumerate(items))
        self._threads = min(threads, len(items))
        self._ended: SimpleQueue[tuple[int, Made | BaseException] | None] = SimpleQueue()

    def deliver(self, receive: Callable[[int, Made], None]) -> None:
        """Make all calls, and hand over each result with the index of its item.

        Raises:
            Exception: whatever the function or `receive` raises.
        """
        for _ in range(self._threads):
            Thread(target=self._work, daemon=True).start()
        results = self._results()
        failures: dict[int, BaseException] = {}
        try:
            for index, made in results:
                if isinstance(made, BaseException):
                    failures[index] = made
                    if not isinstance(made, Exception):
                        raise made
                else:
                    receive(index, made)
        except Exception:
            self._coming.clear()
            for _ in results:
                pass
            raise
        except BaseException:
            self._coming.clear()
            self._hand_over_ended(receive)
            raise
        if failures:
            raise failures[min(failures)]

    def _work(self) -> None:
        """In a thread of its own."""
        with suppress(IndexError):
            while True:
                index, item = self._coming.popleft()
                self._ended.put((index, self._outcome(item)))
        self._ended.put(None)

    def _outcome(self, item: Item) -> Made | BaseException:
        try:
            return self._call(item)
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread, a Ctrl-C of its own too
            self._coming.clear()
            return error

    def _results(self) -> Iterator[tuple[int, Made | BaseException]]:
        working = self._threads
        while working:
            try:
                ended = self._ended.get(timeout=DEAF)
            except Empty:
                continue
            if ended is None:
                working -= 1
            else:
                yield ended

    def _hand_over_ended(self, receive: Callable[[int, Made], None]) -> None:
        """What is there already is paid for."""
        with suppress(Empty):
            while True:
                ended = self._ended.get_nowait()
                if ended is not None and not isinstance(ended[1], BaseException):
                    receive(ended[0], ended[1])
