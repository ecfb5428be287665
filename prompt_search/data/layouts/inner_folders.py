"""Class folders that all hold the same folders: splits, annotations, a level too many, or classes themselves."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.image_source import Role
from prompt_search.data.layouts.layout import ClassFolder, Layout
from prompt_search.data.layouts.split_layout import take_roles
from prompt_search.data.names.folder_words import is_no_picture_of_a_class
from prompt_search.data.names.printable import counted, listed, printable, told_of
from prompt_search.data.names.split_names import split_role, split_roles

__all__ = ["read_inner"]

Inner = Mapping[str, Mapping[str, os.DirEntry[str]]]
DEEPEST = 8
ALIKE = 0.8
"""Folders hold `the same` folders if they share at least this part of all of those."""


@dataclass(frozen=True, slots=True)
class _Tops:
    """Folders by name, each opened as far as all hold one folder of the same name.

    Attributes:
        homes: absolute paths.
        inner: what folders each holds, without annotations.
        without: names of folders of annotations that all hold.
    """

    homes: Mapping[str, Path]
    inner: Inner
    without: frozenset[str]

    def every(self) -> set[str]:
        """The names of all inner folders."""
        return {name for inside in self.inner.values() for name in inside}

    def are_alike(self) -> bool:
        """Whether all hold the same inner folders."""
        shared = set.intersection(*(set(inside) for inside in self.inner.values()))
        return len(self.every()) > 1 and len(shared) >= ALIKE * len(self.every())


def read_inner(
    reader: FolderReader, folders: Sequence[os.DirEntry[str]], named: Collection[str], layout: Layout
) -> bool:
    """Fill in the layout if the folders hold folders; return whether they do.

    Args:
        reader: of the root.
        folders: that may be the classes.
        named: class ids that a `classes.json` names; they tell whether the inner folders are the classes.
        layout: to be filled in.

    Raises:
        DataError: if the inner folders may as well be the classes, and nothing tells, or only some classes hold splits.
    """
    tops = _opened(reader, folders, layout)
    if not tops.every() and not tops.without:
        return False
    if tops.without:
        is_left_out = told_of(sorted(tops.without), "is left out", "are left out")
        layout.warnings.append(f"in every class folder {is_left_out}: annotations")
    if len(folders) > 1 and _read_splits(reader, tops, layout):
        return True
    if tops.every() and set(named) == tops.every() and set(named) != set(tops.homes):
        _take_inner(tops, layout)
        return True
    if len(folders) > 1 and tops.are_alike() and set(named) != set(tops.homes):
        _tell_ambiguity(reader, tops, layout)
    elif nested := [reader.id_of(entry.path) for inside in tops.inner.values() for entry in inside.values()]:
        layout.notes.append(f"pictures in folders inside of class folders count to the class: {listed(nested, most=3)}")
    layout.classes = [ClassFolder(home, name, without=tops.without) for name, home in tops.homes.items()]
    return True


def _opened(reader: FolderReader, folders: Sequence[os.DirEntry[str]], layout: Layout) -> _Tops:
    homes = {folder.name: Path(folder.path) for folder in folders}
    for _ in range(DEEPEST):
        inner = {name: {entry.name: entry for entry in reader.folders(home)} for name, home in homes.items()}
        shared = set.intersection(*(set(inside) for inside in inner.values()))
        without = frozenset(name for name in shared if is_no_picture_of_a_class(name))
        kept = {top: {n: e for n, e in inside.items() if n not in without} for top, inside in inner.items()}
        if without and not all(kept[top] or reader.pictures(home) for top, home in homes.items()):
            without, kept = frozenset(), inner
        tops = _Tops(homes, kept, without)
        if len(homes) < 2 or len(tops.every()) != 1 or not all(kept.values()) or without:
            break
        (only,) = tops.every()
        if any(reader.pictures(home) for home in homes.values()):
            break
        layout.notes.append(f"every class folder holds one folder {listed([only])}, whose pictures are read")
        homes = {name: home / only for name, home in homes.items()}
    return tops


def _read_splits(reader: FolderReader, tops: _Tops, layout: Layout) -> bool:
    """Whether the inner folders are splits: `cat/train`, `cat/test`; then they are taken as such."""
    roles = _inner_roles(tops)
    if not roles:
        _refuse_half_divided(reader, tops)
        return False
    given = take_roles(reader.root, roles, layout)
    layout.notes.append(f"the folders {listed(sorted(roles))} in every class folder are read as splits")
    loose = sum(len(reader.pictures(home)) for home in tops.homes.values())
    if loose:
        lying = counted(loose, "picture that lies in a class folder", "pictures that lie in class folders")
        layout.warnings.append(f"{lying} beside the splits {'is' if loose == 1 else 'are'} left out")
    layout.classes = [
        ClassFolder(Path(entry.path), class_id, given[name])
        for class_id, inside in tops.inner.items()
        for name, entry in inside.items()
    ]
    return True


def _inner_roles(tops: _Tops) -> Mapping[str, Role]:
    """The role of every inner folder if all are splits, and every class has some; else empty."""
    if not all(tops.inner.values()):
        return {}
    roles = split_roles(sorted(tops.every()))
    if roles is None:  # `cat/cats_train`, `dog/dogs_train`: alike in every class, not over all
        own = [split_roles(sorted(inside)) for inside in tops.inner.values()]
        roles = {} if None in own else {name: role for each in own if each for name, role in each.items()}
    return roles if _divide(roles.values()) else {}


def _divide(roles: Collection[Role]) -> bool:
    return "search" in roles and len(set(roles)) > 1


def _refuse_half_divided(reader: FolderReader, tops: _Tops) -> None:
    """A test set is never mixed into the rest because another class has none.

    Raises:
        DataError: if some classes hold a training set and another, and something else is in the way.
    """
    splits = {top: split_roles(sorted(inside)) or _known(inside) for top, inside in tops.inner.items()}
    divided = [top for top, roles in splits.items() if _divide(roles.values())]
    if not divided:
        return
    held = sorted({name for top in divided for name in splits[top]})
    others = [top for top in splits if top not in divided]
    strange = [
        reader.id_of(entry.path)
        for top, inside in tops.inner.items()
        for name, entry in inside.items()
        if name not in splits[top]
    ]
    faults = [told_of(others, "does not", "do not", most=5)] if others else []
    faults += [told_of(strange, "is no split", "are no splits", most=5)] if strange else []
    hold = told_of(divided, "holds", "hold", most=5)
    raise DataError(
        f"{printable(str(reader.root))}: the class folder{'s' * (len(divided) > 1)} {hold} the splits {listed(held)}, "
        f"but {' and '.join(faults)}, so what is to be sealed for the test can't be told; give every class folder the "
        "same splits and nothing beside them, or, to have the splits drawn, put each class's pictures into one folder"
    )


def _known(names: Collection[str]) -> Mapping[str, Role]:
    return {name: role for name in names if (role := split_role(name))}


def _take_inner(tops: _Tops, layout: Layout) -> None:
    """The inner folders are the classes, as the classes file says."""
    layout.notes.append(f"the classes are the folders inside of {listed(sorted(tops.homes))}, as the classes file says")
    layout.classes = [
        ClassFolder(Path(entry.path), entry.name) for inside in tops.inner.values() for entry in inside.values()
    ]


def _tell_ambiguity(reader: FolderReader, tops: _Tops, layout: Layout) -> None:
    """Both readings are possible. More folders inside than outside are rather the classes: then ask."""
    outer, inner = sorted(tops.homes), sorted(tops.every())
    same = f"the folders {listed(outer, most=5)} all hold the same folders {listed(inner, most=5)}"
    ways = f'say which are the classes with a classes.json that names them, {{"{printable(inner[0])}": ...}} or '
    ways += f'{{"{printable(outer[0])}": ...}}, or give one of the folders'
    if len(inner) > len(outer):
        raise DataError(f"{printable(str(reader.root))}: {same}, so either may be the classes; {ways}")
    layout.warnings.append(f"{same}; the outer ones are read as the classes. If they are not: {ways}")
