"""What the search gains on the bundled images, over seeds: winner against the baselines on the sealed test split.

Hill climbing with the local language model, three seeds on each image set; embeddings and replies are cached, so a
second call is quick.
"""

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import prompt_search
from benchmarks.measure import Figure
from prompt_search.result import Result

__all__ = ["measure"]

SEEDS = (0, 1, 2)
DESCRIPTIONS = {
    "photos": "Small photographs of animals and vehicles.",
    "emoji": "Emoji: small coloured drawings of animals, food, places and things.",
}


def measure(device: str) -> list[Figure]:
    """Top-1 of every row of the result tables, each the mean over the seeds."""
    with TemporaryDirectory() as folder:
        return [figure for data in DESCRIPTIONS for figure in _figures(data, device, Path(folder))]


def _figures(data: str, device: str, folder: Path) -> list[Figure]:
    runs = [_top1(_run(data, seed, device, folder)) for seed in SEEDS]
    figures = []
    for name in dict.fromkeys(name for run in runs for name in run):
        values = [run[name] for run in runs if name in run]
        figures.append(
            Figure(
                name=f"testbed: {data}, {name}",
                claim=f"top-1 on the sealed test split of the bundled {data}, mini-clip, hill climbing, SmolLM2",
                value=statistics.mean(values),
                unit="%",
                note=f"mean of {len(values)} seeds: {', '.join(f'{value:.1f}' for value in values)}",
            )
        )
    return figures


def _run(data: str, seed: int, device: str, folder: Path) -> Result:
    out = folder / f"{data}-{seed}"
    return prompt_search.optimize(data, description=DESCRIPTIONS[data], seed=seed, device=device, out=out)


def _top1(result: Result) -> dict[str, float]:
    return {_kind(row.name): 100 * row.test.top1 for row in result.rows}


def _kind(name: str) -> str:
    """A row's name without what differs between seeds."""
    return name.partition(" (")[0]
