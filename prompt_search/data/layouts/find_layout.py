"""Tells from the names of folders and from what they hold how a data set is laid out."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePath
from types import MappingProxyType

from evaluators.errors import DataError
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.image_source import Role
from prompt_search.data.layouts.inner_folders import read_inner
from prompt_search.data.layouts.layout import ClassFolder, Layout
from prompt_search.data.layouts.metadata import names_labels, usable_table
from prompt_search.data.layouts.split_layout import read_splits
from prompt_search.data.names.folder_words import is_beside, is_no_picture_of_a_class
from prompt_search.data.names.printable import listed, printable, told_of
from prompt_search.data.names.split_names import split_role

__all__ = ["find_layout"]

DEEPEST = 8
TABLE_ENDINGS = (".csv", ".jsonl", ".tsv")


def find_layout(
    reader: FolderReader, named: Collection[str] = (), mapped: Mapping[str, Role | None] = MappingProxyType({})
) -> Layout:
    """The layout of the reader's root.

    Tried in this order: a folder that holds nothing but the data set's folder is opened; a metadata file; splits with
    classes in them; classes with the same folders in each of them (splits, masks, a level too many); classes.

    Args:
        reader: of the folder.
        named: class ids that a `classes.json` names; where two readings are possible they decide.
        mapped: what a person says of splits.

    Raises:
        DataError: if a folder can't be listed, there are no folders, or the layout can be read in two ways.
    """
    layout = Layout(_opened(reader))
    if layout.base != reader.root:
        layout.notes.append(f"the folder {listed([reader.id_of(layout.base)])} inside is read")
    tops, layout.loose = reader.entries(layout.base)
    layout.loose = list(layout.loose)
    if table := usable_table(reader, layout.base, layout.warnings):
        layout.tables = [(table, None)]
        layout.loose = []
        return layout
    if not tops:
        raise DataError(_no_folders(reader, layout.base))
    _tell_left_out(reader, layout)
    layout.notes += _tell_other_tables(reader, layout.base)
    if read_splits(reader, tops, named, layout, mapped):
        return layout
    if odd := [top.name for top in tops if split_role(top.name) and reader.folders(Path(top.path))]:
        one, many = "a class, though it has the name of a split", "classes, though they have names of splits"
        layout.warnings.append(told_of(odd, f"is read as {one}", f"are read as {many}"))
    if not read_inner(reader, tops, named, layout):
        layout.classes = [ClassFolder(Path(top.path), top.name) for top in tops]
    return layout


def _opened(reader: FolderReader) -> Path:
    """The root, or the folder inside that holds the classes, if nothing but it and annotations lie on the way."""
    here = reader.root
    for _ in range(DEEPEST):
        folders, files = reader.entries(here)
        only = [folder for folder in folders if not _is_left_out(reader, folder)]
        if len(only) != 1 or reader.pictures(here) or _tables(files):
            break
        inside = Path(only[0].path)
        deeper = reader.folders(inside) and not reader.pictures(inside)
        if not deeper and not _tables(reader.entries(inside)[1]):
            break
        here = inside
    return here


def _tables(files: Sequence[os.DirEntry[str]]) -> list[str]:
    return [file.name for file in files if file.name.lower() in ("metadata.csv", "metadata.jsonl")]


def _is_left_out(reader: FolderReader, folder: os.DirEntry[str]) -> bool:
    """Whether a folder beside the only other one holds annotations or documents."""
    return is_beside(folder.name) and (
        is_no_picture_of_a_class(folder.name) or not reader.holds_pictures(Path(folder.path))
    )


def _tell_left_out(reader: FolderReader, layout: Layout) -> None:
    """Say which folders were passed on the way to the base."""
    here = layout.base
    while here != reader.root:
        beside = [reader.id_of(f.path) for f in reader.folders(here.parent) if Path(f.path) != here]
        if beside:
            layout.warnings.append(
                told_of(beside, "beside it is left out: no class folder", "beside it are left out: no class folders")
            )
        here = here.parent


def _no_folders(reader: FolderReader, base: Path) -> str:
    pictures = len(reader.pictures(base))
    lists = [f.name for f in reader.entries(base)[1] if f.name.lower().endswith((".csv", ".tsv", ".jsonl", ".json"))]
    said = f"{printable(str(base))} has no folders; put the images of each class into a folder of its own"
    if pictures:
        said += (
            f", or name the class of each of its {pictures} pictures in a metadata.csv with columns file_name, label"
        )
        said += f" (there is {listed(lists)}: if that is it, rename it so)" if lists else ""
    return said


def _tell_other_tables(reader: FolderReader, base: Path) -> list[str]:
    """A sentence for each table in a folder, or in those inside, that has columns of file names and labels.

    Args:
        reader: lists the folders.
        base: a folder that is read without a table.
    """
    folders, files = reader.entries(base)
    told = [_told(reader, base, file, [folder.name for folder in folders]) for file in _label_tables(files)]
    for folder in folders:
        told += [
            _told(reader, Path(folder.path), file, []) for file in _label_tables(reader.entries(Path(folder.path))[1])
        ]
    return told


def _label_tables(files: Sequence[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    return [file for file in files if file.name.lower().endswith(TABLE_ENDINGS) and names_labels(Path(file.path))]


def _told(reader: FolderReader, folder: Path, file: os.DirEntry[str], beside: Sequence[str]) -> str:
    """`train.csv` beside `train` is the table of that folder."""
    path = PurePath(file.name)
    of = next((name for name in beside if name.lower() == path.stem.lower()), None)
    ending = ".jsonl" if path.suffix.lower() == ".jsonl" else ".csv"  # tabs between the cells are fine there, too
    new = printable(reader.id_of((folder / of if of else folder) / f"metadata{ending}"))
    way = f"move it to {new}" if of else f"rename it to {new}"
    return f"there is {listed([reader.id_of(file.path)])} with files and labels, which is not read: if it is to, {way}"
