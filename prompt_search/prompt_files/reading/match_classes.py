"""Which class of the data an entry of a file is about."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from evaluators import ClassLabel
from prompt_search.errors import PromptError

__all__ = ["loose", "match_classes", "match_each"]

SHOWN = 8


def match_classes(names: Iterable[str], classes: Sequence[ClassLabel], where: Path) -> dict[str, tuple[str, ...]]:
    """Map the entries of a file to class ids, in the order of the file.

    An entry is about the class of that id; else about every class of that name (ImageNet has two `missile`); else about
    those whose name or id is the same without regard to case, spaces, hyphens and underscores.

    Raises:
        PromptError: naming the entries that are about no class (with the nearest names of classes), the classes that no
            entry is about, and those that several are about.

    >>> twins = [ClassLabel("n1", "missile"), ClassLabel("n2", "missile"), ClassLabel("n3", "Sea Lake")]
    >>> match_classes(["missile", "sea_lake"], twins, Path("cupl.json"))
    {'missile': ('n1', 'n2'), 'sea_lake': ('n3',)}
    """
    entries = list(dict.fromkeys(names))
    owners = _owners(entries, classes)
    found = {entry: tuple(c.id for c in classes if owners.get(c.id) == entry) for entry in entries}
    unused = [entry for entry in entries if not found[entry]]
    about = {entry: [c for c in classes if loose(entry) in (loose(c.name), loose(c.id))] for entry in unused}
    faults = [
        _fault("in the file but not in the data:", [_with_close(e, classes) for e in unused if not about[e]]),
        _fault("in the data but not in the file:", [_called(c) for c in classes if c.id not in owners]),
        _fault("matched by several entries:", list(dict.fromkeys(_called(c) for own in about.values() for c in own))),
    ]
    if told := [fault for fault in faults if fault]:
        raise PromptError(f"the classes of {where} do not match the data; {'; '.join(told)}")
    return found


def match_each(names: Iterable[str], classes: Sequence[ClassLabel], where: Path) -> dict[str, str]:
    """As `match_classes`, for entries that stand for one class each.

    Raises:
        PromptError: also if an entry is about several classes.
    """
    found = match_classes(names, classes, where)
    shared = [f"{name[:60]!r} ({len(ids)})" for name, ids in found.items() if len(ids) > 1]
    if shared:
        raise PromptError(f"{where}: one class is meant, and several of the data have the name {', '.join(shared[:8])}")
    return {name: ids[0] for name, ids in found.items()}


def loose(name: str) -> str:
    """A name without case, spaces, hyphens and underscores.

    >>> loose("Egyptian_Mau") == loose("egyptian-mau") == loose("EgyptianMau")
    True
    """
    return re.sub(r"[\s_-]+", "", name).casefold()


def _owners(entries: Sequence[str], classes: Sequence[ClassLabel]) -> Mapping[str, str]:
    """The entry of each class that has one, by class id."""
    ids = {label.id for label in classes}
    of_names = {entry: entry for entry in entries if entry not in ids}  # what is an id is about that class only
    known = set(entries)
    owners = {}
    for label in classes:
        entry = label.id if label.id in known else of_names.get(label.name)
        if entry is not None:
            owners[label.id] = entry
    used = set(owners.values())
    left = {loose(entry): entry for entry in reversed(entries) if entry not in used}
    for label in classes:
        entry = left.get(loose(label.name)) or left.get(loose(label.id))
        if label.id not in owners and entry is not None:
            owners[label.id] = entry
    return owners


def _fault(what: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{what} {', '.join(names[:SHOWN])}{more}" if names else ""


def _called(label: ClassLabel) -> str:
    return repr(label.id[:60]) if label.id == label.name else f"{label.id[:60]!r} ({label.name[:60]!r})"


def _with_close(entry: str, classes: Sequence[ClassLabel]) -> str:
    names = {name.casefold(): name for label in classes for name in (label.id, label.name)}
    close = difflib.get_close_matches(entry.casefold(), names, n=1)
    return f"{entry[:60]!r} (did you mean {names[close[0]][:60]!r}?)" if close else repr(entry[:60])
