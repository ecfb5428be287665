"""What the search gains on the bundled images, over seeds: winner against the baselines on the sealed test split.

With the local language model, three seeds of each run; embeddings and replies are cached, so a second call is quick.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import prompt_search
from benchmarks.measure import Figure
from optimizers import Cupl, HillClimbing, Optimizer, ProApo
from prompt_search.report.result import Result
from prompt_search.run.config import Feedback
from prompt_search.testbed.demo import DESCRIPTIONS

__all__ = ["measure"]

SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Run:
    """What is searched with on which of the bundled image sets."""

    name: str
    data: str
    strategies: Sequence[Optimizer] = field(default_factory=lambda: [HillClimbing()])
    feedback: Feedback = "paper"


RUNS = (
    Run("hill climbing", "photos"),
    Run("hill climbing, told the confusions", "photos", feedback="confusions"),
    Run("CuPL (4 samples) and ProAPO", "photos", [Cupl(samples=4), ProApo()]),
    Run("hill climbing", "emoji"),
)


def measure(device: str) -> list[Figure]:
    """Top-1 of every row of the result tables, each the mean over the seeds."""
    with TemporaryDirectory() as folder:
        return [
            figure for number, run in enumerate(RUNS) for figure in _figures(run, device, Path(folder, str(number)))
        ]


def _figures(run: Run, device: str, folder: Path) -> list[Figure]:
    measured = [_top1(_carry_out(run, seed, device, folder / str(seed))) for seed in SEEDS]
    figures = []
    for name in dict.fromkeys(name for rows in measured for name in rows):
        values = [rows[name] for rows in measured if name in rows]
        figures.append(
            Figure(
                name=f"testbed: {run.data}, {run.name}: {name}",
                claim="top-1 on the sealed test split, mini-clip, SmolLM2-135M",
                value=statistics.mean(values),
                unit="%",
                note=f"mean of {len(values)} seeds: {', '.join(f'{value:.1f}' for value in values)}",
            )
        )
    return figures


def _carry_out(run: Run, seed: int, device: str, out: Path) -> Result:
    return prompt_search.optimize(
        run.data,
        description=DESCRIPTIONS[run.data],
        strategy=list(run.strategies),
        seed=seed,
        config=prompt_search.RunConfig.of(feedback=run.feedback),
        resources=prompt_search.Resources(device=device),
        out=out,
    )


def _top1(result: Result) -> dict[str, float]:
    return {_kind(row.name): 100 * row.test.top1 for row in result.rows}


def _kind(name: str) -> str:
    """A row's name without what differs between seeds."""
    return name.partition(" (")[0]
