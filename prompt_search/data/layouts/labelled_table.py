"""The pictures that a metadata file names: where they are, what they show, and what is amiss."""

import os
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.image_source import Role
from prompt_search.data.layouts.metadata import MetadataRow, has_label, read_metadata, several_in_one
from prompt_search.data.layouts.named_files import find_files, why_missing
from prompt_search.data.names.printable import listed, printable
from prompt_search.data.pictures.open_picture import is_picture_name

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
        DataError: if it can't be used, none of its files is there, a picture has two labels, or a class two names.
    """
    rows = read_metadata(table)
    found = LabelledFiles()
    name = listed([reader.id_of(table)])
    found.notes.append(f"pictures and labels are read from {name}")
    paths = find_files(reader, table.parent, [row.file for row in rows])
    labels: dict[str, str] = {}
    for row in rows:
        path = paths[row.file]
        if not has_label(row):
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
    _tell_missing(reader, table, rows, paths, found)
    _warn(reader, table, rows, set(paths.values()), found)
    return found


def _add(reader: FolderReader, path: str, row: MetadataRow, found: LabelledFiles) -> None:
    if row.name and found.names.setdefault(row.label, row.name) != row.name:
        both = listed([found.names[row.label], row.name])
        raise DataError(f"the metadata calls class {listed([row.label])} both {both}")
    if os.path.lexists(path):
        found.pictures.append((path, row.label, row.given))
    else:
        found.unreadable.append((row.file, why_missing(row.file)))


def _tell_missing(
    reader: FolderReader, table: Path, rows: list[MetadataRow], paths: Mapping[str, str], found: LabelledFiles
) -> None:
    """Say which files were found by another name, and which classes have none.

    Raises:
        DataError: if no row names a file that is there.
    """
    name = printable(reader.id_of(table))
    other = {
        file: os.path.relpath(path, table.parent)
        for file, path in paths.items()
        if path != os.path.normpath(table.parent / file)
    }
    if other:
        shown = ", ".join(f"{listed([file])} -> {listed([path])}" for file, path in list(other.items())[:3])
        found.notes.append(
            f"{len(other)} file names of {name} are no files as they are written; read as the only pictures they can "
            f"stand for: {shown}" + (f" and {len(other) - 3} more" if len(other) > 3 else "")
        )
    labelled = [row for row in rows if has_label(row)]
    there = {path for path, _, _ in found.pictures}
    missing = [row.file for row in labelled if paths[row.file] not in there]
    if labelled and not there:
        web = "; they are web addresses: download the pictures and name the files" if "://" in missing[0] else ""
        raise DataError(
            f"{name}: the files of all {len(missing)} rows with a label are missing: {listed(missing, most=3)}; "
            f"names of files count from the folder of {name} ({printable(str(table.parent))}){web}"
        )
    counts = Counter(row.label for row in labelled)
    kept = {class_id for _, class_id, _ in found.pictures}
    found.warnings += [
        f"the class {listed([label])} is left out: the files of all its {count} rows of {name} are missing: "
        + listed([row.file for row in labelled if row.label == label], most=3)
        for label, count in counts.items()
        if label not in kept
    ]


def _warn(
    reader: FolderReader, table: Path, rows: list[MetadataRow], named: Collection[str], found: LabelledFiles
) -> None:
    name = printable(reader.id_of(table))
    if blank := [row for row in rows if not has_label(row)]:
        words = sorted({row.label for row in blank} - {""})
        read_so = f" ({listed(words)} is read as none)" if words else ""
        files = listed([row.file for row in blank], most=3)
        found.warnings.append(f"{len(blank)} rows of {name} have no label{read_so} and are left out: {files}")
    if joined := several_in_one({row.label for row in rows if has_label(row)}):
        found.warnings.append(
            f"{len(joined)} labels of {name} look like several in one, and each is read as one class of its own: "
            f"{listed(joined, most=3)}; a picture has one label here"
        )
    counts = Counter(row.file for row in rows)
    if several := [file for file, count in counts.items() if count > 1]:
        found.warnings.append(f"{len(several)} pictures are more than once in {name}: {listed(several, most=3)}")
    lying = (file for file in reader.walk(table.parent) if is_picture_name(file.name))
    if unnamed := [reader.id_of(file.path) for file in lying if file.path not in named]:
        found.warnings.append(f"{len(unnamed)} pictures are not in {name} and left out: {listed(unnamed, most=3)}")
