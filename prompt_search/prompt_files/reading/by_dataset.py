"""Files that hold prompts for several data sets, as CLIP_benchmark's do: `{data set: [template]}`."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluators import ClassLabel
from prompt_search.cache.home_folder import in_home
from prompt_search.errors import PromptError
from prompt_search.prompt_files.reading.match_classes import loose
from prompt_search.prompt_files.reading.places import has_place

__all__ = ["PART", "chosen_part", "parts_by_dataset", "split_part"]

MOST = 0.5
PART = "#"


def split_part(name: str) -> tuple[Path, str | None]:
    """The file and the data set of `FILE#DATASET`, or just the file; a file that has `#` in its name is one.

    Raises:
        PromptError: if it begins with `~` and the name of a user who isn't there.

    >>> split_part("templates.json#cifar10")[1]
    'cifar10'
    """
    path = in_home(name, PromptError)
    before, mark, part = name.rpartition(PART)
    if not mark or not before or path.exists():
        return path, None
    return in_home(before, PromptError), part


def chosen_part(
    value: Any,  # noqa: ANN401 - any JSON value
    part: str | None,
    classes: Sequence[ClassLabel],
    path: Path,
) -> tuple[Any, tuple[str, ...]]:
    """The templates or texts for one data set, and notes on the choice; the value itself if it is not by data set.

    Without a name, the one there is is taken, or the one whose classes are those given.

    Raises:
        PromptError: if the name is none of those there are, or one must be given.
    """
    parts = _parts(value, classes)
    if parts is None:
        if part is not None:
            raise PromptError(f"{path} is not by data set, so there is no {part!r} in it; leave out {PART}{part}")
        return value, ()
    aside = [name for name in value if name not in parts]
    notes = (f"left aside: {_listed(aside)}",) if aside else ()
    name = _named(part, parts, path) if part is not None else _only(parts, classes, path)
    among = f" (of {len(parts)}: {_listed(parts)})" if len(parts) > 1 else ""
    return parts[name], (f"the entry {name!r}{among}", *notes)


def parts_by_dataset(value: object) -> Mapping[str, Any] | None:
    """Templates, or texts by class, by data set; `None` if the value is not by data set, as far as can be told from it.

    >>> list(parts_by_dataset({"cifar10": ["a {c}."], "pets": ["the {c}."]}) or ())
    ['cifar10', 'pets']
    """
    return _parts(value, ())


def _parts(value: object, classes: Sequence[ClassLabel]) -> Mapping[str, Any] | None:
    """What a value has by data set; `None` if its keys are classes, or nothing in it can be for a data set."""
    if not isinstance(value, dict):
        return None
    known = {loose(name) for label in classes for name in (label.id, label.name)}
    if sum(loose(name) in known for name in value) > MOST * len(value):
        return None
    return {name: each for name, each in value.items() if _is_part(each)} or None


def _is_part(value: object) -> bool:
    """Whether a value is a list of templates, or holds texts by class."""
    if isinstance(value, dict):
        return any(isinstance(own, list) for own in value.values())
    texts = [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
    return bool(texts) and sum(map(has_place, texts)) >= MOST * len(texts)


def _named(part: str, parts: Mapping[str, Any], path: Path) -> str:
    found = [name for name in parts if name == part] or [name for name in parts if loose(name) == loose(part)]
    if len(found) != 1:
        close = difflib.get_close_matches(part, parts, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {_listed(parts)}"
        raise PromptError(f"{path} has nothing for the data set {part!r}; {hint}")
    return found[0]


def _only(parts: Mapping[str, Any], classes: Sequence[ClassLabel], path: Path) -> str:
    if len(parts) == 1:
        return next(iter(parts))
    wanted = {loose(label.name) for label in classes}
    fitting = [name for name, own in parts.items() if isinstance(own, dict) and wanted == set(map(loose, own))]
    if len(fitting) == 1:
        return fitting[0]
    first = next(iter(parts))
    raise PromptError(
        f"{path} holds prompts for {len(parts)} data sets: {_listed(parts)}; name one: {path}{PART}{first}"
    )


def _listed(names: Mapping[str, Any] | Sequence[str]) -> str:
    listed = list(names)
    return ", ".join(repr(name[:40]) for name in listed[:12]) + (" ..." if len(listed) > 12 else "")
