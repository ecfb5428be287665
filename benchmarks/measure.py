"""What every benchmark shares: how two ways are timed, what a result is, and what machine it was.

A benchmark is a module with one function, listed in `benchmarks/__main__.py`:

    def measure(device: str) -> list[Comparison | Figure]:
        peer_seconds, our_seconds = alternate(lambda: peer(texts), lambda: ours(texts))
        return [
            Comparison(
                name="second visits",
                claim="120 children over 50,000 known texts scored, the text tower idle",
                peer="encode every text again",
                unit="children/s",
                peer_rate=120 / peer_seconds,
                our_rate=120 / our_seconds,
                difference=0.0,
                goal=100,
            )
        ]

`device` is "cpu" in the CPU set and "cuda" in the GPU set. It prints nothing: `python -m benchmarks NAME` does.
"""

import gc
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

__all__ = ["Comparison", "Figure", "alternate", "hardware", "seconds_in_turn", "versions"]

PACKAGES = ("prompt-search", "torch", "open_clip_torch", "numpy", "pillow", "xllamacpp")


@dataclass(frozen=True)
class Comparison:
    """Ours against another way to the same result, on one machine in one run.

    Args:
        name: what is measured, in a few words; unique over all benchmarks.
        claim: one sentence that gives the sizes.
        peer: whose way ours is compared with.
        unit: of both rates, e.g. `texts/s`; more is better.
        peer_rate: the peer's rate.
        our_rate: ours.
        difference: the largest absolute difference of the two results; `None` where they aren't comparable numbers.
        goal: the ratio the project promises, if it promises one.
        note: what a reader must know, e.g. that the peer was measured on a slice and extrapolated.
    """

    name: str
    claim: str
    peer: str
    unit: str
    peer_rate: float
    our_rate: float
    difference: float | None = None
    goal: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times the peer's rate ours is."""
        return self.our_rate / self.peer_rate


@dataclass(frozen=True)
class Figure:
    """One measured value without a peer, e.g. a share or a peak of memory.

    Args:
        name: what is measured, in a few words; unique over all benchmarks.
        claim: one sentence that gives the sizes.
        value: the value.
        unit: e.g. `%` or `MB`.
        at_most: the limit the project promises, if it promises one.
        note: what a reader must know.
    """

    name: str
    claim: str
    value: float
    unit: str
    at_most: float | None = None
    note: str = ""


def alternate(
    peer: Callable[[], object], ours: Callable[[], object], repeats: int = 3, warm_up: bool = True
) -> tuple[float, float]:
    """The least seconds that each of two ways takes.

    They run in turn, so that other load on the machine hits both; the least of several short runs is the one it hit
    least.

    Args:
        peer: the other way; on CUDA both must end with `torch.cuda.synchronize()`.
        ours: our way.
        repeats: timed runs of each, at least 1.
        warm_up: run each once before; not needed for runs of many seconds.

    Returns:
        Seconds of the peer, and of ours.
    """
    least = seconds_in_turn({"peer": peer, "ours": ours}, repeats, warm_up)
    return least["peer"], least["ours"]


def seconds_in_turn(
    ways: Mapping[str, Callable[[], object]], repeats: int = 3, warm_up: bool = True
) -> dict[str, float]:
    """The same for any number of ways, by their names."""
    if warm_up:
        for run in ways.values():
            run()
    times = [{name: _seconds(run) for name, run in ways.items()} for _ in range(repeats)]
    return {name: min(each[name] for each in times) for name in ways}


def _seconds(run: Callable[[], object]) -> float:
    gc.collect()
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def hardware(device: str) -> dict[str, str | int]:
    """The machine's name and what of it torch uses: processor, cores, threads and, on CUDA, the GPU."""
    import os

    import torch

    machine: dict[str, str | int] = {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "vector units": torch.backends.cpu.get_cpu_capability(),
    }
    if device == "cuda":
        machine["gpu"] = torch.cuda.get_device_name()
        machine["gpus"] = torch.cuda.device_count()
    return machine


def _processor() -> str:
    """The processor's marketing name, which `platform` does not tell on Linux."""
    information = Path("/proc/cpuinfo")
    for line in information.read_text().splitlines() if information.exists() else ():
        if line.startswith("model name"):
            return f"{line.partition(':')[2].strip()} ({platform.machine()})"
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages whose speed is measured."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
