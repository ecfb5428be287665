"""Folders that are splits, each with the folders of the classes in it."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from evaluators.errors import DataError
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.image_source import Role
from prompt_search.data.layouts.layout import ClassFolder, Layout
from prompt_search.data.layouts.metadata import usable_table
from prompt_search.data.names.printable import listed, printable
from prompt_search.data.names.spellings import plain_spelling
from prompt_search.data.names.split_names import (
    has_split_word,
    is_usual,
    loose_split_roles,
    split_role,
    split_roles,
    told_roles,
    with_sealed_test,
)

__all__ = ["read_splits", "take_roles"]

Tops = Sequence[os.DirEntry[str]]
DEEPEST = 8
ALIKE = 0.5
"""Splits among other folders share at least this part of their class names."""


@dataclass(frozen=True, slots=True)
class _Split:
    """What one split folder holds."""

    base: Path
    classes: tuple[os.DirEntry[str], ...]
    table: Path | None
    pictures: int


def read_splits(
    reader: FolderReader,
    tops: Tops,
    named: Collection[str],
    layout: Layout,
    mapped: Mapping[str, Role | None] = MappingProxyType({}),
) -> bool:
    """Fill in the layout if the folders are splits; return whether they are.

    All of them have the names of splits (but for what they begin and end with alike), or those that have hold the same
    classes, and the others are left out. A split without class folders has no labels and is left out, too.

    Args:
        reader: of the root.
        tops: folders that may be splits.
        named: class ids that a `classes.json` names; folders named there are classes, whatever they are called.
        layout: to be filled in.
        mapped: what a person says of splits; the folders of these names are them.

    Raises:
        DataError: if they are splits, and none of them is to search with, or none holds labelled pictures.
    """
    every = [top.name for top in tops]
    if set(every) == set(named):
        if mapped:
            raise DataError(
                f"{printable(str(reader.root))}: the split map names {listed(list(mapped))}, and a file of class names "
                "says that the folders are the classes; leave one of the two out"
            )
        return False
    if mapped and not set(mapped) <= set(every):
        missing = sorted(set(mapped) - set(every))
        raise DataError(
            f"{printable(str(reader.root))}: the split map names {listed(missing)}, and there is no such folder here; "
            f"there are {listed(every)}"
        )
    if not mapped and not any(map(has_split_word, every)) and not split_roles(every):
        return False  # as almost always: nothing needs to be looked into
    names = [top.name for top in tops if split_role(top.name) or reader.holds_pictures(Path(top.path))]
    roles: Mapping[str, Role] | None = {name: role for name, role in mapped.items() if role} if mapped else None
    if roles is None and len(names) > 1:
        roles = split_roles(names)
    bases = _opened(reader, tops)
    roles = _by_content(reader, bases) if roles is None else roles
    if not roles:
        return False
    splits = {name: _split(reader, bases[name], layout) for name in roles}
    labelled = {name: role for name, role in roles.items() if splits[name].classes or splits[name].table}
    if not labelled:
        raise DataError(
            f"{printable(str(reader.root))}: {listed(names)} have the names of splits, and none of them holds class "
            "folders or a metadata.csv (file_name, label); if they are the classes, name them in a classes.json, "
            f'{{"{printable(names[0])}": ...}}' + "".join(f"; {note}" for note in layout.notes)
        )
    _warn_left_out(reader, tops, splits, labelled, layout)
    for name, role in take_roles(reader.root, labelled, layout, stated=bool(mapped)).items():
        split = splits[name]
        layout.loose += [e for e in reader.entries(split.base)[1] if not split.table]
        layout.classes += [ClassFolder(Path(folder.path), folder.name, role) for folder in split.classes]
        layout.tables += [(split.table, role)] if split.table else []
    return True


def take_roles(
    root: Path, roles: Mapping[str, Role], layout: Layout, *, stated: bool = False
) -> Mapping[str, Role | None]:
    """What each split is used for, noted in the layout.

    Validation is sealed as the test if there is no test, and a training split alone is divided.

    Raises:
        DataError: if there is nothing to search with.
    """
    if "search" not in roles.values():
        hint = "".join(f"; {warning}" for warning in layout.warnings)
        raise DataError(
            f"{printable(str(root))} is given in splits ({listed(list(roles))}) without `train` or `search`{hint}"
        )
    if set(roles.values()) == {"search"}:
        layout.notes.append(
            f"labelled pictures are in {listed(list(roles))} only: the three splits are drawn from them"
        )
        return dict.fromkeys(roles)
    if not all(is_usual(name) for name in roles):
        layout.notes.append(f"read as splits: {told_roles(roles)}")
    sealed, notes = (roles, ()) if stated and "test" in roles.values() else with_sealed_test(roles)
    layout.notes += notes
    layout.given = frozenset(sealed.values())
    return sealed


def _by_content(reader: FolderReader, bases: Mapping[str, Path]) -> Mapping[str, Role]:
    """The roles of those folders that have a split's word in their name, if they hold the same classes; else none."""
    inside = {name: {plain_spelling(e.name) for e in reader.folders(base)} for name, base in bases.items()}
    named = [name for name, classes in inside.items() if len(classes) > 1 and has_split_word(name)]
    roles = split_roles(named) or loose_split_roles(named) or {}
    if "search" not in roles.values() or len(set(roles.values())) < 2:
        return {}
    shared = set.intersection(*(inside[name] for name in roles))
    every = set.union(*(inside[name] for name in roles))
    return roles if len(shared) >= ALIKE * len(every) else {}


def _opened(reader: FolderReader, tops: Tops) -> Mapping[str, Path]:
    """Each split's folder, or the one inside: if it is all there is, and no class of another split."""
    several = [folders for top in tops if len(folders := reader.folders(Path(top.path))) > 1]
    classes = {folder.name for folders in several for folder in folders}
    return {top.name: _innermost(reader, Path(top.path), classes) for top in tops}


def _innermost(reader: FolderReader, here: Path, classes: Collection[str]) -> Path:
    for _ in range(DEEPEST):
        folders = reader.folders(here)
        if len(folders) != 1 or folders[0].name in classes or reader.pictures(here):
            break
        inside = Path(folders[0].path)
        if not reader.folders(inside) or reader.pictures(inside):
            break
        here = inside
    return here


def _split(reader: FolderReader, base: Path, layout: Layout) -> _Split:
    if base.parent != layout.base:
        layout.notes.append(f"the folder {listed([reader.id_of(base)])} inside is read")
    table = usable_table(reader, base, layout.warnings)
    folders = reader.folders(base)
    return _Split(base, () if table else tuple(folders), table, len(reader.pictures(base)))


def _warn_left_out(
    reader: FolderReader, tops: Tops, splits: Mapping[str, _Split], labelled: Mapping[str, Role], layout: Layout
) -> None:
    for top in tops:
        name, held = listed([top.name]), splits.get(top.name)
        if held is None:
            what = "it is no split" if reader.holds_pictures(Path(top.path)) else "it holds no pictures"
            layout.warnings.append(f"{name} beside the splits is left out: {what}")
        elif top.name not in labelled and held.pictures:
            layout.warnings.append(f"{name} is left out: its {held.pictures} pictures are in no class folders")
        elif top.name not in labelled:
            layout.warnings.append(f"the split {name} is empty and left out")
