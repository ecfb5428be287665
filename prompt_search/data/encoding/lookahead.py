"""Work done in threads ahead of the one who needs it, a bounded number of items ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

__all__ = ["map_ahead"]

Item = TypeVar("Item")
Made = TypeVar("Made")


def map_ahead(work: Callable[[Item], Made], items: Iterable[Item], ahead: int, threads: int = 2) -> Iterator[Made]:
    """`map(work, items)` in order, with at most `ahead` results made or in the making that nobody has taken yet.

    Raises:
        Exception: whatever `work` raises, at the item it raised it for.

    >>> list(map_ahead(str.upper, ["a", "b", "c"], ahead=2))
    ['A', 'B', 'C']
    """
    source = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Made]] = deque(pool.submit(work, item) for item in islice(source, ahead))
        try:
            while waiting:
                made = waiting.popleft().result()
                waiting.extend(pool.submit(work, item) for item in islice(source, 1))
                yield made
        finally:
            for future in waiting:
                future.cancel()
