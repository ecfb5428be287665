"""Whether a run folder was recorded with the inputs that are given now, and whether a replay came to the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prompt_search.run.journal.events import Facts
from prompt_search.run.journal.journal import JOURNAL, read_records, without_void

__all__ = ["Facts", "compare_runs", "differences"]

SHOWN = 60
"""Characters of a value that differs, around the first that does."""


def compare_runs(one: Path, other: Path) -> list[str]:
    """What differs between two finished runs, time stamps apart; nothing if they are equal."""
    different = [
        f"{name} has other bytes" if (one / name).is_file() else f"{name} is missing"
        for name in ("prompts.json", "classifier.safetensors")
        if not (one / name).is_file() or (one / name).read_bytes() != (other / name).read_bytes()
    ]
    first, second = (without_void(read_records(folder / JOURNAL)) for folder in (one, other))
    if first != second:
        place = next(
            (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
        )
        different.append(f"{JOURNAL} has other events from number {place + 1} on")
    return different


def differences(recorded: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """The names under which two identities differ, with both values cut short."""
    names = [name for name in sorted({*recorded, *given}) if recorded.get(name) != given.get(name)]
    if "seed" in names and "data" in names:
        names.remove("data")  # another seed draws other splits
    return [_difference(name, recorded.get(name), given.get(name)) for name in names]


def _difference(name: str, recorded: object, given: object) -> str:
    if name == "data":
        return "data: the images or their splits have changed"
    then, now = str(recorded), str(given)
    start = max(0, next((i for i, (a, b) in enumerate(zip(then, now, strict=False)) if a != b), 0) - SHOWN // 2)
    return f"{name}: {_cut(then, start)!r} recorded, {_cut(now, start)!r} now"


def _cut(text: str, start: int) -> str:
    return ("..." if start else "") + text[start : start + SHOWN]
