"""Seconds until a fresh process is of use: the commands as a person starts them for the second time.

Byte code is compiled, files are in the page cache, the features of the images are known. No language model is asked: a
run is stopped when its search begins. Beside them, what importing torch and open_clip alone takes.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.growth import carry_out
from benchmarks.measure import Figure
from evaluators.models.image_text_model import FloatArray

__all__ = ["Start", "measure", "start"]

ROUNDS = 2
FIRST_LINE, READY = "loading models", "] starting"
"""What a run says first, and when model and images are there."""
DATA = "bundled:photos"
NOBODY = "http://127.0.0.1:9/v1"
"""Where no server is."""
CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Start:
    """What a process took, to its end or to a line on its standard error.

    Args:
        seconds: by the clock.
        processor: seconds of a processor, its threads and the system's work for it counted in.
        modules: that were imported, where that was asked for.
    """

    seconds: float
    processor: float
    modules: int


def start(arguments: Sequence[str], mark: str | None = None, *, tell_imports: bool = False) -> Start:
    """Start a Python process and wait for its end, or stop it at the line with the mark.

    Args:
        arguments: for Python.
        mark: on standard error.
        tell_imports: count the imported modules; it takes longer.

    Raises:
        RuntimeError: if it ended without the mark, or failed.
    """
    command = [sys.executable, *(["-X", "importtime"] if tell_imports else []), *arguments]
    told: list[str] = []
    modules = 0
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("import time:"):
                modules += 1
                continue
            told.append(line)
            if mark is not None and mark in line:
                break
        seconds = time.perf_counter() - started
        seen = mark is not None and bool(told) and mark in told[-1]
        if seen:
            process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if not seen and (mark is not None or process.returncode):
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}: {''.join(told[-3:])}")
    return Start(seconds, usage.ru_utime + usage.ru_stime, modules)


def measure(device: str) -> list[Figure]:
    """The least of two starts of each, in turn, after one that counts the modules."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        _know_the_images(device, folder / "cache")
        finished = carry_out(10, folder / "finished", "mini-clip")
        out = map(str, (folder / f"run {i}" for i in count()))
        cache = ("--cache-dir", str(folder / "cache"))

        def run() -> list[str]:
            llm = ("--llm", "nobody", "--base-url", NOBODY)
            return ["-m", "prompt_search", "run", DATA, *llm, *cache, "--device", device, "--out", next(out)]

        def program(*arguments: str) -> Callable[[], list[str]]:
            return lambda: ["-m", "prompt_search", *arguments]

        claim = f"a run on {DATA} with mini-clip, its second start"
        starts: list[tuple[str, str, Callable[[], list[str]], str | None, float | None]] = [
            ("first line", claim, run, FIRST_LINE, 2),
            ("ready", f"{claim}, to the begin of its search", run, READY, 8),
            ("doctor", "`prompt-search doctor`", program("doctor", *cache), None, 3),
            ("help", "`prompt-search --help`", program("--help"), None, None),
            (
                "report",
                "report of a finished run, 10 classes",
                program("report", str(finished), *cache),
                None,
                None,
            ),
            ("torch", 'for comparison `python -c "import torch"`', lambda: ["-c", "import torch"], None, None),
            ("open_clip", 'and `python -c "import open_clip"`', lambda: ["-c", "import open_clip"], None, None),
        ]
        counted = [start(command(), mark, tell_imports=True).modules for _, _, command, mark, _ in starts]
        rounds = [[start(command(), mark) for _, _, command, mark, _ in starts] for _ in range(ROUNDS)]
    figures = []
    for (what, said, _, _, limit), modules, own in zip(starts, counted, zip(*rounds, strict=True), strict=True):
        least = min(own, key=lambda each: each.seconds)
        note = f"{min(each.processor for each in own):.2f} s of a processor, {modules} modules"
        figures.append(Figure(f"start-up: {what}", said, least.seconds, "s", limit, note))
    return figures


class _KnownImages:
    """The model, whose tower is replaced: what it makes of the images does not matter here, and it takes a minute."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        self._model = model
        self._seeds = count()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._model, name)

    def encode_images(self, images: Sequence[object]) -> FloatArray:
        """Random features."""
        rows = np.random.default_rng(next(self._seeds)).standard_normal((len(images), self._model.width))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def encode_pixels(self, pixels: Sequence[object]) -> FloatArray:
        """Random features."""
        return self.encode_images(pixels)


def _know_the_images(device: str, cache: Path) -> None:
    from prompt_search.models import load_model
    from prompt_search.run.config import RunConfig
    from prompt_search.run.inputs import load_data
    from prompt_search.run.progress import Silent
    from prompt_search.run.resources import Resources

    config = RunConfig.of(DATA)
    resources = Resources(device=device, cache_dir=cache, observer=Silent())
    load_data(config, _KnownImages(load_model(config.model, device=device)), resources)
