"""What the search gains on the bundled images, over seeds: winner against the baselines on the sealed test split.

Hill climbing with the local language model, three seeds on each image set; embeddings and replies are cached, so a
second call is quick. Prints a table and JSON.
"""

import json
import platform
import statistics
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import prompt_search
from prompt_search.result import Result

SEEDS = (0, 1, 2)
DESCRIPTIONS = {
    "photos": "Small photographs of animals and vehicles.",
    "emoji": "Emoji: small coloured drawings of animals, food, places and things.",
}


def measure(data: str, seed: int, folder: Path) -> Result:
    """One run."""
    return prompt_search.optimize(data, description=DESCRIPTIONS[data], seed=seed, out=folder / f"{data}-{seed}")


def main() -> None:
    """Run all, print all."""
    figures: dict[str, list[dict[str, float]]] = {}
    with TemporaryDirectory() as folder:
        for data in DESCRIPTIONS:
            results = [measure(data, seed, Path(folder)) for seed in SEEDS]
            figures[data] = [{row.name: 100 * row.test.top1 for row in result.rows} for result in results]
    print(f"top-1 on test in %, {len(SEEDS)} seeds; mini-clip, hill climbing, SmolLM2")
    for data, runs in figures.items():
        for name in dict.fromkeys(name for run in runs for name in run):
            values = [run[name] for run in runs if name in run]
            print(f"  {data:7} {name:28} {statistics.mean(values):5.1f}   {' '.join(f'{v:.1f}' for v in values)}")
    versions = {name: version(name) for name in ("prompt-search", "torch", "open_clip_torch", "xllamacpp")}
    print(json.dumps({"testbed": figures, "versions": versions, "machine": platform.processor() or platform.machine()}))
