"""Many calls at once behind an ordinary function."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

__all__ = ["drain"]

Item = TypeVar("Item")


def drain(items: AsyncGenerator[Item, None], deliver: Callable[[Item], None]) -> None:
    """Run an async generator to its end, handing each item to `deliver` in the calling thread.

    When either raises, or on Ctrl-C, the generator is closed, with its `finally` blocks, before the exception leaves.
    What a generator still yields when it is cancelled is delivered. Works where an event loop is already running, as in
    a notebook.
    """
    if _loop_is_running():
        _drain_beside(items, deliver)
    else:
        asyncio.run(_consume(items, deliver))


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _consume(items: AsyncGenerator[Item, None], deliver: Callable[[Item], None]) -> None:
    async with aclosing(items):
        async for item in items:
            deliver(item)


def _drain_beside(items: AsyncGenerator[Item, None], deliver: Callable[[Item], None]) -> None:
    """The calling thread's loop can't be used from inside it: another thread runs one, and passes the items over."""
    arrived: queue.SimpleQueue[tuple[Item] | None] = queue.SimpleQueue()
    loop = asyncio.new_event_loop()
    task = loop.create_task(_consume(items, lambda item: arrived.put((item,))))
    task.add_done_callback(lambda _: arrived.put(None))
    thread = threading.Thread(target=loop.run_until_complete, args=[asyncio.wait([task])], name="language-model-calls")
    thread.start()
    try:
        _deliver_all(arrived, deliver)
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(task.cancel)
        _deliver_all(arrived, deliver)
        raise
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()
    task.result()


def _deliver_all(arrived: "queue.SimpleQueue[tuple[Item] | None]", deliver: Callable[[Item], None]) -> None:
    while (item := arrived.get()) is not None:
        deliver(*item)
