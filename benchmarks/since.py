"""Test accuracy of the template strategies at another commit and here: what a change of the methods was worth.

    python -m benchmarks.since REF [--seeds 3] [--runs FOLDER] [--only hill-climb ...]

The bundled photos, image-text model and language model; each strategy alone, and hill climbing after class
texts, with the same seeds at both commits. Figures of the winner on the sealed test images: a report, made after the
change, never a guide to it.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.same_bytes import HERE, worktree
from prompt_search.cache.cache_dir import cache_dir
from prompt_search.llm.choose import GGUF
from prompt_search.llm.local.install import find_local_model
from prompt_search.report.statistics import Mean

__all__ = ["gains_in", "main"]

RUNS: Mapping[str, Sequence[str]] = {
    "hill-climb": ["--strategy", "hill-climb"],
    "glov": ["--strategy", "glov", "--set", "steps=4"],
    "ipo": ["--strategy", "ipo", "--set", "steps=5"],
    "proapo": ["--strategy", "proapo"],
    "hill-climb after cupl": ["--strategy", "cupl", "--set", "cupl.samples=2", "--strategy", "hill-climb"],
    "hill-climb after proapo": ["--strategy", "proapo", "--strategy", "hill-climb"],
}
SHARED = ("run", "photos", "--shots", "16", "--select-shots", "16", "--quiet", "--yes")
PHOTO = "a photo of a {}."


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both figures of every strategy, seed by seed, and the mean of their differences."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.since", description=__doc__)
    parser.add_argument("ref", help="a commit to compare with")
    parser.add_argument("--seeds", type=int, default=3, help="so many, from 0 on; default: %(default)s")
    parser.add_argument("--runs", type=Path, help="keep run folders and cache there")
    parser.add_argument("--only", nargs="*", choices=list(RUNS), default=list(RUNS))
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as scratch, worktree(options.ref, Path(scratch, "other")) as other:
        runs = (options.runs or Path(scratch, "runs")).resolve()
        for name in options.only:
            found = [
                [gains_in(_run(code, name, seed, runs / which)) for seed in range(options.seeds)]
                for which, code in (("then", other), ("now", HERE))
            ]
            print(_line(name, *found), flush=True)


def gains_in(folder: Path) -> float:
    """Points of top-1 on test that the winner of a run folder is above the photo template."""
    rows = json.loads((folder / "prompts.json").read_text())["result"]["rows"]
    winner = next(row for row in rows if row["role"] == "winner")
    photo = next((row for row in rows if PHOTO in row["name"]), winner)
    return 100 * float(winner["test"]["top1"] - photo["test"]["top1"])


def _line(name: str, then: Sequence[float], now: Sequence[float]) -> str:
    each = "; ".join(f"seed {seed}: {a:+.2f}, {b:+.2f}" for seed, (a, b) in enumerate(zip(then, now, strict=True)))
    more = Mean.of([b - a for a, b in zip(then, now, strict=True)])
    return f"{name}: over the photo template then {Mean.of(then)}, now {Mean.of(now)}, more {more} ({each})"


def _run(code: Path, name: str, seed: int, runs: Path) -> Path:
    """The folder of a run that the code of a checkout carried out."""
    out = runs / f"{name.replace(' ', '-')}-{seed}"
    if not (out / "prompts.json").exists():
        llm = f"{GGUF}{find_local_model(cache_dir())}"
        kept = ["--out", str(out), "--cache-dir", str(runs.parent / "cache"), "--llm", llm, "--seed", str(seed)]
        start = "from prompt_search.cli.main import main; main()"
        command = [sys.executable, "-c", start, *SHARED, *RUNS[name], *kept]
        subprocess.run(command, cwd=code, check=True, env={**os.environ, "TZ": "UTC"}, stdout=subprocess.DEVNULL)
    return out


if __name__ == "__main__":
    main()
