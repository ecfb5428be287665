"""The connection to Ray for as long as a run needs it."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from prompt_search.cluster.engine_name import address_of
from prompt_search.errors import ClusterError

__all__ = ["check_reachable", "connected", "reason_of"]

SECONDS = 5.0
"""To answer; Ray itself would try for minutes."""


def check_reachable(engine: str) -> None:
    """See whether something answers at the address that an engine names.

    Raises:
        ClusterError: if nothing does.
    """
    address = address_of(engine)
    if address is None:
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), SECONDS).close()
    except OSError as error:
        raise _unreachable(address, error.strerror or str(error)) from error


@contextmanager
def connected(engine: str) -> Iterator[None]:
    """Joined to the cluster that an engine names, until the end of the block.

    A connection that the caller has made (`ray.init`) is used, and left open. One that is made here is closed; where
    Ray found no cluster it starts one on this machine, which ends with it.

    Raises:
        ClusterError: if there is no cluster at the address.
    """
    import ray

    own = not ray.is_initialized()
    if own:
        _connect(address_of(engine))
    try:
        with _quiet():
            yield
    finally:
        if own:
            ray.shutdown()


def _connect(address: str | None) -> None:
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing here tells another server anything unasked
    only_here = {} if address or os.environ.get("RAY_ADDRESS") else {"include_dashboard": False}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **only_here)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = address or os.environ.get("RAY_ADDRESS") or "this machine"
        reason = (str(error).strip().splitlines() or [""])[0][:300]
        raise _unreachable(where, reason) from error


def _unreachable(where: str, reason: str) -> ClusterError:
    return ClusterError(
        f"there is no Ray cluster at {where} that this machine can join ({reason}); the address is that of the "
        "cluster's head, HOST:6379 as a rule, and this machine must be one of its nodes (ray start)"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Ray Data tells its own progress; a person gets ours."""
    import ray.data

    context = ray.data.DataContext.get_current()
    logger = logging.getLogger("ray.data")
    before = context.enable_progress_bars, logger.level
    context.enable_progress_bars = False
    logger.setLevel(logging.CRITICAL)  # what it logs as an error, it raises too
    try:
        yield
    finally:
        context.enable_progress_bars = before[0]
        logger.setLevel(before[1])


def reason_of(error: Exception) -> str:
    """What Ray says is told by the error that began it: around it are tracebacks, one in the other."""
    first: BaseException = error
    while (cause := getattr(first, "cause", None) or first.__cause__) and cause is not first:
        first = cause
    lines = [line.strip() for line in str(first).splitlines() if line.strip()]
    return f"{type(first).__name__}: {lines[0][:300] if lines else ''}"
