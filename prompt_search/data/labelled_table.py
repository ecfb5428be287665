"""The pictures that a metadata file names: where they are, what they show, and what is amiss."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.folder_reader import FolderReader
from prompt_search.data.image_source import Role
from prompt_search.data.metadata import MetadataRow, read_metadata
from prompt_search.data.pictures import is_picture_name
from prompt_search.data.printable import listed, printable

__all__ = ["LabelledFiles", "labelled_files"]


@dataclass(slots=True)
class LabelledFiles:
    """What a metadata file names.

    Attributes:
        pictures: absolute path, class id, and the role that the table gives.
        unreadable: image ids with the reason.
        names: names of classes by id, where the table has them.
        notes, warnings: for the report.
    """

    pictures: list[tuple[str, str, Role | None]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def labelled_files(reader: FolderReader, table: Path) -> LabelledFiles:
    """The pictures of a metadata file. Rows without a label, and pictures without a row, are counted in a warning.

    Raises:
        DataError: if it can't be used, a picture has two labels, or a class two names.
    """
    rows = read_metadata(table)
    found = LabelledFiles()
    name = listed([reader.id_of(table)])
    found.notes.append(f"pictures and labels are read from {name}")
    labels: dict[str, str] = {}
    for row in rows:
        path = os.path.normpath(table.parent / row.file)
        if not row.label:
            continue
        if path in labels:
            if labels[path] != row.label:
                raise DataError(f"{name} gives {listed([row.file])} two labels: {listed([labels[path], row.label])}")
            continue
        labels[path] = row.label
        if Path(path).is_relative_to(table.parent):
            _add(reader, path, row, found)
        else:
            found.unreadable.append((row.file, "its path leads out of the folder"))
    _warn(reader, table, rows, found)
    return found


def _add(reader: FolderReader, path: str, row: MetadataRow, found: LabelledFiles) -> None:
    if row.name and found.names.setdefault(row.label, row.name) != row.name:
        both = listed([found.names[row.label], row.name])
        raise DataError(f"the metadata calls class {listed([row.label])} both {both}")
    if Path(path).exists():
        found.pictures.append((path, row.label, row.given))
    else:
        found.unreadable.append((reader.id_of(path), "named in the metadata and not there"))


def _warn(reader: FolderReader, table: Path, rows: list[MetadataRow], found: LabelledFiles) -> None:
    name = printable(reader.id_of(table))
    if blank := [row.file for row in rows if not row.label]:
        found.warnings.append(f"{len(blank)} rows of {name} have no label and are left out: {listed(blank, most=3)}")
    counts = Counter(row.file for row in rows)
    if several := [file for file, count in counts.items() if count > 1]:
        found.warnings.append(f"{len(several)} pictures are more than once in {name}: {listed(several, most=3)}")
    named = {os.path.normpath(table.parent / row.file) for row in rows}
    lying = (file for file in reader.walk(table.parent) if is_picture_name(file.name))
    if unnamed := [reader.id_of(file.path) for file in lying if file.path not in named]:
        found.warnings.append(f"{len(unnamed)} pictures are not in {name} and left out: {listed(unnamed, most=3)}")
