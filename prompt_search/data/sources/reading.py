"""What a person says of a source where what is found there does not tell, and what the names in it come to."""

import difflib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.errors import DataError
from prompt_search.data.layouts.image_source import Role
from prompt_search.data.names.printable import listed, told_of
from prompt_search.data.names.split_names import split_role, split_roles, told_roles, with_sealed_test
from prompt_search.data.pictures.decoding import Decode

__all__ = [
    "COLUMNS",
    "OWN",
    "GivenRoles",
    "Reading",
    "given_roles",
    "ids_of_numbers",
    "label_text",
    "parse_split_map",
    "refuse_unused",
    "too_few",
]

OWN = "own:"
"""Marks what was given as a Python object and can't be made again from its name."""
NOT_USED = "none"
USED_FOR: Mapping[str, Role | None] = {"search": "search", "select": "select", "test": "test", NOT_USED: None}
MOST_DIGITS = 15
"""Of a whole number in a column of floats: larger ones are not exact."""

OF_SOME_KINDS = {
    "image_column": "--image-column",
    "label_column": "--label-column",
    "image_root": "--image-root",
    "stream": "--stream",
}
"""What a person may say of some kinds of sources only, and how the command line spells it."""
COLUMNS = ("image_column", "label_column")

SplitMap = Mapping[str, Role | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source is to be read.

    Attributes:
        image_column, label_column: of a table; the ending of a file in a tar.
        split_map: `NAME=ROLE` texts, see `parse_split_map`.
        image_root: the folder that paths in a list count from.
        stream: whether a data set of the hub is streamed, by default if it is large.
        preset: name of a published data set, whose columns, splits and class names are taken.
        preferred: columns to take if there are such, before looking.
        decode: whether JPEG files may be shrunk by their decoder (`fast`); by default not (`exact`), or as in the run
            of a prompt file.
        classes: names for classes or which to keep: a file, or ids with commas between them, see `stated_classes`.
    """

    image_column: str | None = None
    label_column: str | None = None
    split_map: tuple[str, ...] = ()
    image_root: str | None = None
    stream: bool | None = None
    preset: str | None = None
    preferred: tuple[str, ...] = ()
    classes: str | None = None
    decode: Decode | None = None

    def splits(self) -> SplitMap:
        """The split map, read.

        Raises:
            DataError: see `parse_split_map`.
        """
        return parse_split_map(self.split_map)


def refuse_unused(reading: Reading, used: Collection[str], where: str, kind: str, instead: str = "") -> None:
    """Refuse what a person says of a source and a source of its kind has no use for, rather than pass it over.

    Args:
        reading: what is said.
        used: those of `OF_SOME_KINDS` that are of use.
        where: the source.
        kind: what it is, as a sentence.
        instead: what else could be done.

    Raises:
        DataError: naming all that is of no use.
    """
    if told := [option for name, option in OF_SOME_KINDS.items() if name not in used and getattr(reading, name)]:
        are, them = ("is", "it") if len(told) == 1 else ("are", "them")
        raise DataError(f"{where}: {kind}, so {' and '.join(told)} {are} of no use; leave {them} out{instead}")


def parse_split_map(texts: Iterable[str]) -> SplitMap:
    """Roles by the names of splits.

    Args:
        texts: each `NAME=ROLE`, or several with commas; a role is search, select, test or none (or train, validation).

    Raises:
        DataError: if one is nothing of the kind.

    >>> parse_split_map(["train=search,extra=none", "validation=test"])
    {'train': 'search', 'extra': None, 'validation': 'test'}
    """
    found: dict[str, Role | None] = {}
    for pair in (part.strip() for text in texts for part in text.split(",") if part.strip()):
        name, equals, role = (part.strip() for part in pair.rpartition("="))
        if not equals or not name or (role not in USED_FOR and split_role(role) is None):
            raise DataError(
                f"split map: {listed([pair])} is not NAME=ROLE with the role search, select, test or none, "
                "e.g. train=search,validation=test"
            )
        found[name] = USED_FOR[role] if role in USED_FOR else split_role(role)
    return found


@dataclass(frozen=True, slots=True)
class GivenRoles:
    """What the splits of a source are used for.

    Attributes:
        roles: by the split's name; None if the three are drawn from it. A split that is not here is left out.
        notes, warnings: what is to be said.
    """

    roles: Mapping[str, Role | None]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def given(self) -> frozenset[Role]:
        """The roles that are given."""
        return frozenset(role for role in self.roles.values() if role)


def given_roles(names: Collection[str], mapped: SplitMap, where: str) -> GivenRoles:
    """The role of each split by its name, or by what a person says of it.

    A single split is divided into three, whatever it is called; validation is sealed as the test where there is none.

    Args:
        names: of splits that hold labelled images.
        mapped: what a person says; the others go by their names.
        where: the source, for messages.

    Raises:
        DataError: if a name in the map is none of these, or none of several splits is to search with.

    >>> given_roles(["train", "test", "extra"], {}, "data").roles
    {'test': 'test', 'train': 'search'}
    """
    if unknown := [name for name in mapped if name not in names]:
        near = difflib.get_close_matches(unknown[0], names, n=1)
        there = listed(sorted(filter(None, names))) or "none"
        hint = f"did you mean {listed(near)}?" if near else f"there are {there}"
        raise DataError(f"{where}: the split map names {listed(unknown[:1])}, which is no split here; {hint}")
    by_name = split_roles(sorted(names)) or {}
    told = {name: mapped[name] if name in mapped else by_name.get(name, split_role(name)) for name in sorted(names)}
    roles: dict[str, Role] = {name: role for name, role in told.items() if role}
    left = [name for name, role in told.items() if role is None]
    if not roles and len(left) == 1 and left[0] not in mapped:
        return GivenRoles({left[0]: None})
    silent = [name for name in left if name not in mapped]
    way = f"--split-map {','.join(f'{name}=search' for name in silent)} would use"
    one, many = "is left out: not the name of a split", "are left out: not the names of splits"
    warnings = (told_of(silent, f"{one}; {way} it", f"{many}; {way} them"),) if silent else ()
    if not roles:
        raise DataError(
            f"{where}: {told_of(left, 'is not the name of a split', 'are not the names of splits')}; say what for: "
            "--split-map " + ",".join(f"{name}={role}" for name, role in zip(left, ("search", "test"), strict=False))
        )
    if len(set(roles.values())) == 1:
        note = f"labelled pictures are in {listed(list(roles))} only: the three splits are drawn from them"
        return GivenRoles(dict.fromkeys(roles), (note,), warnings)
    if "search" not in roles.values():
        raise DataError(
            f"{where} has the splits {listed(list(roles))} and none to search with; "
            f"--split-map {next(iter(roles))}=search makes one"
        )
    sealed, notes = with_sealed_test(roles)
    notes = ((f"splits: {told_roles(roles)}",) if mapped else ()) + notes
    return GivenRoles(sealed, notes, warnings)


def label_text(value: Any) -> str | None:  # noqa: ANN401 - whatever a file holds
    """A label as the id of a class; None if it is none: missing, negative, a list, or what tables write for nothing.

    >>> [label_text(value) for value in ("cat ", 3, 3.0, -1, float("nan"), "", ["cat"], True, b"cat")]
    ['cat', '3', '3', None, None, None, None, 'True', None]
    """
    if isinstance(value, str):
        text = value.strip()
        return text if text.lower() not in NO_LABEL else None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(value) if value >= 0 else None
    if isinstance(value, float):
        if not math.isfinite(value) or value < 0:
            return None
        return str(int(value)) if value.is_integer() and value < 10**MOST_DIGITS else str(value)
    return None


def too_few(class_ids: Sequence[str]) -> str:
    """What a source has that has fewer than two classes.

    >>> too_few(["cat"]), too_few([])
    ("only one class, 'cat'", 'no class')
    """
    return f"only one class, {listed(class_ids)}" if class_ids else "no class"


NO_LABEL = frozenset({"", "nan", "null", "<na>", "n/a", "#n/a"})
"""What tables write for nothing. Not `none`, which may be a class: nothing is to be seen."""


def ids_of_numbers(names: Sequence[str] | Mapping[int, str]) -> Mapping[int, str]:
    """Class ids of classes that have numbers and names: the names, or the numbers if two classes have one name.

    >>> ids_of_numbers(["cat", "dog"]), ids_of_numbers(["crane", "crane"])
    ({0: 'cat', 1: 'dog'}, {0: '0', 1: '1'})
    """
    by_number = dict(names) if isinstance(names, Mapping) else dict(enumerate(names))
    whole = all(name.strip() for name in by_number.values())
    if whole and len(set(by_number.values())) == len(by_number):
        return by_number
    return {number: str(number) for number in by_number}
