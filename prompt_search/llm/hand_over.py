"""Work that goes on beside the calling thread, what it yields handed over in that thread."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

__all__ = ["DEAF", "drain", "hand_over"]

Item = TypeVar("Item")

DEAF = 0.2
"""Seconds after which Ctrl-C is looked for again: one that comes just before a thread waits does not wake it."""


def hand_over(
    arrived: "SimpleQueue[Item | None]",
    work: Callable[[], None],
    deliver: Callable[[Item], None],
    end: Callable[[], None],
) -> None:
    """Run `work` in a thread of its own, calling `deliver` in this one for each item that it puts into `arrived`.

    This thread only waits, so Ctrl-C reaches it soon. Then, and when `deliver` raises, `end` tells the work to come
    to its end, which is waited for; after Ctrl-C what it still puts is delivered. What `work` raises is raised here,
    after its items.

    >>> arrived = SimpleQueue()
    >>> hand_over(arrived, lambda: arrived.put("a cat"), print, end=lambda: None)
    a cat
    """
    with ThreadPoolExecutor(1) as executor:
        working = executor.submit(work)
        working.add_done_callback(lambda _: arrived.put(None))
        try:
            _deliver_all(arrived, deliver)
        except BaseException as error:
            end()
            if isinstance(error, KeyboardInterrupt):
                _deliver_all(arrived, deliver)
            raise
    working.result()


def _deliver_all(arrived: "SimpleQueue[Item | None]", deliver: Callable[[Item], None]) -> None:
    while True:
        try:
            item = arrived.get(timeout=DEAF)
        except Empty:
            continue
        if item is None:
            return
        deliver(item)


def drain(items: AsyncGenerator[Item, None], deliver: Callable[[Item], None]) -> None:
    """Run an async generator to its end, handing each item to `deliver` in the calling thread.

    When either raises, or on Ctrl-C, the generator is closed, with its `finally` blocks, before the exception leaves.
    What it still yields when it is cancelled is delivered. Where an event loop is already running, as in a notebook,
    another thread runs this one's.
    """
    if not _loop_is_running():
        asyncio.run(_consume(items, deliver))
        return
    arrived: SimpleQueue[Item | None] = SimpleQueue()
    loop = asyncio.new_event_loop()
    task = loop.create_task(_consume(items, arrived.put))

    def work() -> None:
        try:
            loop.run_until_complete(task)
        finally:
            loop.close()

    def end() -> None:
        with suppress(RuntimeError):  # it is over, and its loop closed
            loop.call_soon_threadsafe(task.cancel)

    hand_over(arrived, work, deliver, end)


async def _consume(items: AsyncGenerator[Item, None], deliver: Callable[[Item], None]) -> None:
    async with aclosing(items):
        async for item in items:
            deliver(item)


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
