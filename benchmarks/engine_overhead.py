"""Where the time of a run goes: language model, text tower, image tower with decoding, imports, and everything else.

The run is `make demo` with fewer language model calls: bundled photos, mini-clip, the local language model, an empty
cache directory. "Everything else" is the engine: splits, journal, scoring, files, report.
"""

import builtins
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import get_ident
from typing import Any
from unittest.mock import patch

from benchmarks.measure import Figure

__all__ = ["Shares", "measure"]

CALLS = 40
ENGINE = "engine"
IMPORTS = "imports and loading"


class Shares:
    """Seconds by part, of one thread; a part that runs within another counts for itself only.

    Args:
        clock: seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._thread = get_ident()
        self._inside = [ENGINE]
        self._since = clock()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Whatever runs inside counts for this part."""
        if get_ident() != self._thread:
            yield
            return
        self.settle()
        self._inside.append(name)
        try:
            yield
        finally:
            self.settle()
            self._inside.pop()

    def settle(self) -> None:
        """Book the time since the last call on the part that is running."""
        now = self._clock()
        running = self._inside[-1]
        self.seconds[running] = self.seconds.get(running, 0.0) + now - self._since
        self._since = now

    def timing(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time booked on a part."""

        def timed(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 (whatever the function takes)
            with self.part(name):
                return function(*arguments, **named)

        return timed


def measure(device: str) -> list[Figure]:
    """One run, and the share of each part in its wall-clock time without imports."""
    shares = Shares()
    with ExitStack() as stack:
        stack.enter_context(patch.object(builtins, "__import__", shares.timing(IMPORTS, builtins.__import__)))
        _time_the_parts(shares, stack)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        _run(device, folder)
        shares.settle()
    loading = shares.seconds.pop(IMPORTS)
    total = sum(shares.seconds.values())
    what = f"a run on the bundled photos, mini-clip, SmolLM2, {CALLS} calls, {total:.0f} s without imports and loading"
    note = ", ".join(f"{name} {100 * own / total:.1f} %" for name, own in shares.seconds.items() if name != ENGINE)
    note += f"; imports and loading, apart, {loading:.1f} s"
    share = 100 * shares.seconds[ENGINE] / total
    return [Figure("engine overhead", what, share, "%", at_most=5, note=note)]


def _time_the_parts(shares: Shares, stack: ExitStack) -> None:
    """Everything that isn't the engine is timed where the engine calls it."""
    from evaluators import OpenClipModel
    from prompt_search import models
    from prompt_search.data import load
    from prompt_search.llm.local.model import LocalModel

    parts: list[tuple[str, Any, str]] = [
        ("language model", LocalModel, "complete"),
        ("text tower", OpenClipModel, "encode_texts"),
        ("decoding and image tower", load, "encode"),
        (IMPORTS, models, "load_model"),
    ]
    for name, owner, attribute in parts:
        stack.enter_context(patch.object(owner, attribute, shares.timing(name, getattr(owner, attribute))))


def _run(device: str, folder: Path) -> None:
    from prompt_search.cache.cache_dir import cache_dir
    from prompt_search.llm.choose import language_model
    from prompt_search.run.config import RunConfig, StrategyChoice
    from prompt_search.run.money.budget import Budget
    from prompt_search.run.resources import Resources
    from prompt_search.run.run import Run

    strategies = (StrategyChoice("cupl", (("samples", "1"),)), StrategyChoice("hill-climb"))
    description = "Small photographs of animals and vehicles."
    config = RunConfig.of("bundled:photos", strategies=strategies, description=description)
    resources = Resources(device=device, cache_dir=folder / "cache")
    llm = language_model("local", cache_dir=cache_dir())  # the file of the model is not in an empty cache
    Run(config, folder / "run", resources=resources, llm=llm).execute(Budget(max_calls=CALLS))
