"""Rebuilds `prompt_search/testbed` from the registries, step by step: `python -m examples.mini_clip.build`.

Every step leaves files in the work folder, so one step can be run again alone: `--only project`.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from examples.mini_clip import assemble, calibrate, emoji, fetch, photos, pictures, project, teacher, train_text

WORK = Path("examples/mini_clip/work")
TARGET = Path("prompt_search/testbed")


def steps(work: Path, target: Path) -> dict[str, Callable[[], None]]:
    """What is done, in order."""
    return {
        "fetch": lambda: fetch.fetch(work),
        "photos": lambda: photos.write_photos(work, target / "photos.parquet"),
        "emoji": lambda: emoji.write_emoji(work, target / "emoji.parquet"),
        "teacher": lambda: teacher.encode_corpus(work),
        "text": lambda: train_text.train(work),
        "pictures": lambda: pictures.write_features(work),
        "project": lambda: project.write_projection(work),
        "calibrate": lambda: calibrate.write_scale(work),
        "assemble": lambda: assemble.assemble(work, target / "mini-clip"),
    }


def main() -> None:
    """Run all steps or the named ones, and say how long each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--only", nargs="+", metavar="STEP")
    arguments = parser.parse_args()
    todo = steps(arguments.work, arguments.target)
    if unknown := set(arguments.only or ()) - set(todo):
        parser.error(f"no step named {', '.join(sorted(unknown))}; there are {', '.join(todo)}")
    for name in arguments.only or todo:
        started = time.monotonic()
        todo[name]()
        print(f"{name}: {(time.monotonic() - started) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
