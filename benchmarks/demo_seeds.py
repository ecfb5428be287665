"""The demo over ten seeds: how often it ends with a proven gain. Nothing is chosen by these; every seed counts."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Figure
from prompt_search.report.result import Result
from prompt_search.run.money.budget import Budget
from prompt_search.run.resources import Resources
from prompt_search.run.run import Run
from prompt_search.testbed.demo import MAX_CALLS, demo_config

__all__ = ["figures", "measure", "proven"]

SEEDS = range(10)
PROVEN = "a proven gain"


def measure(device: str) -> list[Figure]:
    """The share of seeds with a proven gain, and the mean gain; each seed's verdict goes to stderr."""
    with TemporaryDirectory() as folder:
        results = [_demo(seed, device, Path(folder, str(seed))) for seed in SEEDS]
    return figures(results)


def _demo(seed: int, device: str, out: Path) -> Result:
    """The demo, as `prompt-search demo --seed SEED` runs it."""
    result = Run(demo_config("photos", seed), out, resources=Resources(device=device)).execute(Budget(MAX_CALLS))
    print(f"seed {seed}: {result.verdict()}", file=sys.stderr, flush=True)
    return result


def proven(result: Result) -> bool:
    """Whether the run's own verdict is that the gain is proven."""
    return PROVEN in result.verdict()


def figures(results: list[Result]) -> list[Figure]:
    """How many of the demos ended with a proven gain, with every verdict in the note."""
    count = sum(map(proven, results))
    verdicts = " / ".join(f"{seed}: {result.verdict()}" for seed, result in zip(SEEDS, results, strict=False))
    claim = f"seeds {SEEDS.start} to {SEEDS.start + len(results) - 1} of `prompt-search demo` that end with {PROVEN}"
    return [Figure("demo: proven gains", claim, count, f"of {len(results)}", note=verdicts)]


if __name__ == "__main__":
    for figure in measure("cpu"):
        print(f"{figure.claim}: {figure.value:.0f} {figure.unit}")
