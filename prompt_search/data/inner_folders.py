"""Class folders that all hold the same folders: splits, annotations, a level too many, or classes themselves."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.folder_reader import FolderReader
from prompt_search.data.folder_words import is_no_picture_of_a_class
from prompt_search.data.layout import ClassFolder, Layout
from prompt_search.data.printable import listed, printable
from prompt_search.data.split_layout import take_roles
from prompt_search.data.split_names import split_roles

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
        DataError: if the inner folders may as well be the classes, and nothing tells.
    """
    tops = _opened(reader, folders, layout)
    if not tops.every() and not tops.without:
        return False
    if tops.without:
        layout.warnings.append(f"folders {listed(sorted(tops.without))} in the class folders are left out: annotations")
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
    roles = split_roles(sorted(tops.every()))
    if not roles or "search" not in roles.values() or len(set(roles.values())) < 2 or not all(tops.inner.values()):
        return False
    given = take_roles(reader.root, roles, layout)
    layout.notes.append(f"the folders {listed(sorted(roles))} in every class folder are read as splits")
    loose = sum(len(reader.pictures(home)) for home in tops.homes.values())
    if loose:
        layout.warnings.append(f"{loose} pictures that lie in class folders beside the splits are left out")
    layout.classes = [
        ClassFolder(Path(entry.path), class_id, given[name])
        for class_id, inside in tops.inner.items()
        for name, entry in inside.items()
    ]
    return True


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
