"""The names of classes: from a `classes.json`, from the data, or from folder names."""

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path

from evaluators.errors import DataError
from evaluators.prompts.prompt_set import ClassLabel
from prompt_search.data.names.printable import counted, listed, printable
from prompt_search.data.names.spellings import plain_spelling, spelled_out

__all__ = ["guess", "ids_named", "label_classes", "parse_names", "read_class_names", "same_name_warnings"]


def label_classes(class_ids: Sequence[str], names: Mapping[str, str]) -> tuple[ClassLabel, ...]:
    """Classes in order of their ids, named by `names` or else by the id.

    Raises:
        DataError: if a class is left with a blank name.

    >>> [label.name for label in label_classes(["dog", "n02123045"], {"n02123045": "tiger cat"})]
    ['dog', 'tiger cat']
    """
    labels = []
    for class_id in sorted(class_ids):
        name = names.get(class_id, class_id)
        if not name.strip():
            raise DataError(
                f"the class {listed([class_id])} has no name to put into a prompt; rename it, or give a classes.json"
            )
        labels.append(ClassLabel(class_id, name))
    return tuple(labels)


def read_class_names(path: Path, class_ids: Sequence[str]) -> dict[str, str]:
    """The names in a JSON file `{class id: name}`, which must name exactly the classes there are.

    Raises:
        DataError: if the file can't be read, has a blank or non-text name, names a class that is not there (with the
            nearest ids that are) or leaves one out.
    """
    names = parse_names(path)
    unknown = sorted(set(names) - set(class_ids))
    missing = sorted(set(class_ids) - set(names))
    faults = []
    if unknown:
        guesses = "; ".join(guess(class_id, class_ids) for class_id in unknown[:10])
        faults.append(
            f"{counted(len(unknown), 'id that is', 'ids that are')} no class of the data: {guesses}{_more(unknown)}"
        )
    if missing:
        faults.append(f"no name for {counted(len(missing), 'class', 'classes')}: {listed(missing)}")
    if faults:
        raise DataError(f"{printable(str(path))} has {' and '.join(faults)}; it must name every class by its id")
    return names


def parse_names(path: Path) -> dict[str, str]:
    """The names in a JSON file `{class id: name}`, whatever classes there are.

    Raises:
        DataError: if the file can't be read, or has a blank or non-text name.
    """
    names = _parse(path)
    blank = [class_id for class_id, name in names.items() if not isinstance(name, str) or not name.strip()]
    if blank:
        names_of = "the name" if len(blank) == 1 else "each name"
        raise DataError(f"{printable(str(path))}: {names_of} of {listed(blank)} must be text that is not blank")
    return {class_id: str(name) for class_id, name in names.items()}


def ids_named(path: Path) -> frozenset[str]:
    """The ids in a JSON file `{class id: name}`, whether the data has them or not.

    Raises:
        DataError: if the file can't be read.
    """
    return frozenset(_parse(path))


def same_name_warnings(classes: Iterable[ClassLabel]) -> tuple[str, ...]:
    """A warning for every name that several classes share.

    >>> same_name_warnings([ClassLabel("n1", "crane"), ClassLabel("n2", "crane")])
    ("classes 'n1', 'n2' have the same name 'crane'; name-keyed exports will be refused",)
    """
    by_name = sorted(classes, key=lambda label: (label.name, label.id))
    groups = [(name, [label.id for label in group]) for name, group in groupby(by_name, key=lambda label: label.name)]
    return tuple(
        f"classes {listed(ids)} have the same name {listed([name])}; name-keyed exports will be refused"
        for name, ids in groups
        if len(ids) > 1
    )


def _parse(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
    except OSError as error:
        raise DataError(f"{printable(str(path))} can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{printable(str(path))} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{printable(str(path))} must hold one JSON object, {{class id: name}}")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Without this the last of two entries for one id would win unseen."""
    found = dict(pairs)
    if len(found) < len(pairs):
        ids = [class_id for class_id, _ in pairs]
        raise ValueError(f"it has {listed([i for i in found if ids.count(i) > 1])} more than once")
    return found


def guess(class_id: str, class_ids: Sequence[str]) -> str:
    """An id that is not there, with the one that may be meant."""
    if same := [known for known in class_ids if plain_spelling(known) == plain_spelling(class_id)]:
        return f"{spelled_out([class_id, same[0]])} (the file's and the data's spelling of one word: write the data's)"
    near = get_close_matches(class_id, class_ids, n=1)
    return listed([class_id]) + (f" (did you mean {listed(near)}?)" if near else "")


def _more(ids: Sequence[str]) -> str:
    return f" and {len(ids) - 10} more" if len(ids) > 10 else ""
