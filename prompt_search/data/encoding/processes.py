"""Images prepared by worker processes: a GPU takes more images a second than threads can decode."""

import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from prompt_search.data.encoding.lookahead import map_ahead

if TYPE_CHECKING:
    import torch

__all__ = ["WorkersFailed", "can_leave_process", "map_in_processes"]

Item = TypeVar("Item")
Pair = tuple[Any, Any]

PER_TASK = 32
"""Items done at once: enough to make the way to another process cheap, few enough to hold two tasks per worker."""


class WorkersFailed(Exception):
    """The worker processes did not start, or died; the message is the reason. Never leaves this package."""


def can_leave_process(work: object) -> bool:
    """Whether another process could do this work. What `__main__` defines is not there in a worker."""
    if multiprocessing.current_process().daemon:  # as in a pool of the caller's; it may not start processes
        return False
    try:
        return b"__main__" not in pickle.dumps(work)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False


def map_in_processes(work: Callable[[Item], Pair], items: Iterable[Item], processes: int) -> Iterator[Pair]:
    """`map(work, items)` in order, done by worker processes some tasks ahead.

    Workers are started afresh and not forked, so they know neither CUDA nor the threads of this process; they end with
    the iterator, and if this process dies. Their start takes seconds, in which threads do the work. Tensors come
    through shared memory, and are pinned where there is CUDA.

    Args:
        work: makes pairs whose second half may be a tensor; all tensors of one shape. See `can_leave_process`.
        items: taken in this process.
        processes: at least 1.

    Raises:
        WorkersFailed: if they can't be started, or one was killed. What was yielded until then is right.
        Exception: what `work` raises.
    """
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_begin)
    threads = ThreadPoolExecutor(processes)
    try:
        starting = [_submit(pool, _done, work, []) for _ in range(processes)]
        submitted = (_submit(pool if _are_done(starting) else threads, _done, work, task) for task in _tasks(items))
        for pairs, tensors in map_ahead(_arrived, submitted, ahead=2 * processes, threads=1):
            rows = iter(tensors if tensors is not None else ())
            yield from ((first, next(rows) if second is None else second) for first, second in pairs)
    except (OSError, RuntimeError) as error:
        raise WorkersFailed(str(error).partition("\n")[0]) from error
    finally:
        threads.shutdown(cancel_futures=True)
        pool.shutdown(cancel_futures=True)


def _tasks(items: Iterable[Item]) -> Iterator[list[Item]]:
    source = iter(items)
    while task := list(islice(source, PER_TASK)):
        yield task


def _are_done(tasks: "Sequence[Future[Any]]") -> bool:
    return all(task.done() for task in tasks)


def _submit(executor: Executor, call: Callable[..., Any], *arguments: object) -> "Future[Any]":
    """Workers are started here, as long as there are fewer than allowed and none is idle."""
    with _main_hidden(), _interrupts_held_back():
        return executor.submit(call, *arguments)


def _begin() -> None:
    """In a new worker."""
    import torch

    torch.set_num_threads(1)  # there is a worker for every core
    logging.getLogger("PIL").setLevel(logging.CRITICAL + 1)
    warnings.simplefilter("ignore")  # Pillow's about odd but readable files, see `quiet_pillow`
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _done(work: Callable[[Item], Pair], task: Sequence[Item]) -> "tuple[list[Pair], torch.Tensor | None]":
    """In a worker. Tensors are taken out and stacked: a piece of shared memory costs an open file."""
    import torch

    pairs = [work(item) for item in task]
    tensors = [second for _, second in pairs if isinstance(second, torch.Tensor)]
    others = [(first, None if isinstance(second, torch.Tensor) else second) for first, second in pairs]
    return others, torch.stack(tensors) if tensors else None


def _arrived(task: "Future[Any]") -> "tuple[list[Pair], torch.Tensor | None]":
    """In a thread of this process, while the tower is at work."""
    import torch

    pairs, tensors = task.result()
    pin = tensors is not None and torch.cuda.is_available()
    return pairs, tensors.pin_memory() if pin else tensors


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Workers would run the caller's script again, and many a script does not guard against that."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Workers inherit that Ctrl-C does not reach them: this process ends them, without a traceback from each."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
