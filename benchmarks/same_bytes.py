"""Whether this checkout and another commit make the same bytes of the same runs: for changes that shall change nothing.

    python -m benchmarks.same_bytes REF [--runs FOLDER]

Each strategy runs at both commits through the command line, with the bundled images, image-text model and language
model, on one cache of replies. Compared is every file of the run folders but those that tell of time, and the journal
without its times.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from prompt_search.cache.cache_dir import cache_dir
from prompt_search.llm.choose import GGUF
from prompt_search.llm.local.install import find_local_model

__all__ = ["HERE", "differing", "main", "worktree"]

RUNS: Mapping[str, Sequence[str]] = {
    "hill-climb": ["--strategy", "hill-climb", "--set", "iterations=2"],
    "cupl": ["--strategy", "cupl", "--set", "samples=1"],
    "proapo": ["--strategy", "proapo", "--set", "generations=2", "--set", "group_generations=1"],
    "glov": ["--strategy", "glov", "--set", "steps=1"],
    "ipo": ["--strategy", "ipo", "--set", "steps=2"],
    "fudd": ["--strategy", "fudd", "--set", "max_pairs=4"],
    "ensemble-selection": ["--strategy", "ensemble-selection", "--set", "samples=1", "--no-refit"],
    "refitted": ["--strategy", "ensemble-selection", "--set", "samples=1", "--feedback", "confusions"],
    "two": ["--strategy", "cupl", "--set", "cupl.samples=1", "--strategy", "ensemble-selection", "--base-to-new"],
}
SHARED = ("run", "photos", "--shots", "4", "--select-shots", "4", "--seed", "3", "--quiet", "--yes")
TIMED = {".lock", "README.md", "ledger.jsonl", "report.html", "run.json"}
"""Files that tell of time, of paths, or of a layout that may change."""
HERE = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what differs; exit status 1 if anything does."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_bytes", description=__doc__.partition("\n")[0])
    parser.add_argument("ref", help="a commit to compare with")
    parser.add_argument("--runs", type=Path, help="keep run folders and cache there, e.g. to compare again")
    parser.add_argument("--only", nargs="*", choices=list(RUNS), default=list(RUNS))
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as scratch, worktree(options.ref, Path(scratch, "other")) as other:
        runs = options.runs or Path(scratch, "runs")
        lines = list(_compared(options.only, runs.resolve(), other))
    sys.exit("\n".join(lines) if lines else 0)


@contextmanager
def worktree(ref: str, folder: Path) -> Iterator[Path]:
    """A checkout of a commit in a new folder, for as long as the context lasts."""
    _git("worktree", "add", "--quiet", "--detach", str(folder), ref)
    try:
        yield folder
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _compared(names: Sequence[str], runs: Path, other: Path) -> Iterator[str]:
    for name in names:
        then, now = (_run(code, name, runs / which) for which, code in (("then", other), ("now", HERE)))
        found = differing(then, now)
        print(f"{name}: {'the same' if not found else 'DIFFERS'}", flush=True)
        yield from (f"{name}: {line}" for line in found)


def _run(code: Path, name: str, runs: Path) -> Path:
    """The folder of a run that the code of a checkout carried out."""
    out = runs / name
    if not (out / "prompts.json").exists():
        llm = f"{GGUF}{find_local_model(cache_dir())}"
        kept = ["--out", str(out), "--cache-dir", str(runs.parent / "cache"), "--llm", llm]
        options = [*SHARED, *RUNS[name], *kept]
        start = "from prompt_search.cli.main import main; main()"
        subprocess.run([sys.executable, "-c", start, *options], cwd=code, check=True, env={**os.environ, "TZ": "UTC"})
    return out


def differing(then: Path, now: Path) -> list[str]:
    """What differs between two run folders, a line for each file or line of a journal."""
    files = {path.name for folder in (then, now) for path in folder.iterdir() if path.is_file()} - TIMED
    return [line for file in sorted(files) for line in _differing(then / file, now / file)]


def _differing(then: Path, now: Path) -> list[str]:
    if not (then.exists() and now.exists()):
        return [f"{then.name} is only there {'now' if now.exists() else 'then'}"]
    if then.name != "journal.jsonl":
        return [] if then.read_bytes() == now.read_bytes() else [f"{then.name} differs"]
    before, after = _untimed(then), _untimed(now)
    lines = [
        f"journal, line {i}: {a[:200]} | {b[:200]}"
        for i, (a, b) in enumerate(zip(before, after, strict=False), 1)
        if a != b
    ]
    return lines[:3] + ([f"journal: {len(before)} lines then, {len(after)} now"] if len(before) != len(after) else [])


def _untimed(journal: Path) -> list[str]:
    events = map(json.loads, journal.read_text().splitlines())
    return [
        json.dumps({key: value for key, value in event.items() if key not in ("time", "seconds")}) for event in events
    ]


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=HERE, check=True)


if __name__ == "__main__":
    main()
