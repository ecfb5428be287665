"""Whether a replay came to the same."""

from pathlib import Path

from prompt_search.run.journal.journal import JOURNAL, read_records, without_void

__all__ = ["compare_runs"]


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
