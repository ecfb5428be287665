"""Which class of the data an entry of a file is about."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from evaluators import ClassLabel
from prompt_search.errors import PromptError

__all__ = ["match_classes"]


def match_classes(names: Iterable[str], classes: Sequence[ClassLabel], where: Path) -> dict[str, str]:
    """Map names in a file to class ids: by id, then by unique name, then by name without regard to case and `_`.

    Raises:
        PromptError: naming what matches nothing or several, and the classes left without.
    """
    lookups = [
        {label.id: label.id for label in classes},
        _unique((label.name, label.id) for label in classes),
        _unique((_loose(label.name), label.id) for label in classes),
        _unique((_loose(label.id), label.id) for label in classes),
    ]
    found: dict[str, str] = {}
    for name in names:
        keys = (name, name, _loose(name), _loose(name))
        match = next((lookup[key] for lookup, key in zip(lookups, keys, strict=True) if key in lookup), None)
        if match is not None:
            found[name] = match
    unmatched = [name for name in names if name not in found]
    bare = [label.id for label in classes if label.id not in found.values()]
    repeated = [class_id for class_id, n in Counter(found.values()).items() if n > 1]
    if unmatched or bare or repeated:
        parts = [
            f"{what}: {', '.join(repr(name[:60]) for name in some[:8])}{' ...' if len(some) > 8 else ''}"
            for what, some in (
                ("in the file but not in the data", unmatched),
                ("in the data but not in the file", bare),
                ("matched by several entries", repeated),
            )
            if some
        ]
        raise PromptError(f"the classes of {where} do not match the data; {'; '.join(parts)}")
    return found


def _unique(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    listed = list(pairs)
    counts = Counter(name for name, _ in listed)
    return {name: class_id for name, class_id in listed if counts[name] == 1}


def _loose(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()
