"""The pictures that a table names: where they are, what they show, and what is amiss."""

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from evaluators.errors import DataError
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.metadata import MetadataRow, has_label, read_metadata, several_in_one
from prompt_search.data.names.printable import counted, listed, printable
from prompt_search.data.pictures.open_picture import is_picture_name
from prompt_search.data.sources.reading import Reading

__all__ = ["LabelledFiles", "find_files", "labelled_files", "why_missing"]

Parts = tuple[str, ...]


@dataclass(slots=True)
class LabelledFiles:
    """What a table names.

    Attributes:
        pictures: absolute path, class id, and the split that the table gives, None if it gives none.
        unreadable: image ids with the reason.
        unlabelled: rows that are left out, with the reason.
        names: names of classes by id, where the table has them.
        notes, warnings: for the report.
    """

    pictures: list[tuple[str, str, str | None]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    unlabelled: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def labelled_files(
    reader: FolderReader, table: Path, reading: Reading | None = None, base: Path | None = None
) -> LabelledFiles:
    """The pictures of a table. Rows without a label, and pictures without a row, are counted in a warning.

    Args:
        reader: of the folder that ids count from.
        table: see `read_metadata`.
        reading: its columns, if not the usual ones.
        base: the folder that file names count from, if not the table's own; then pictures without a row are no matter.

    Raises:
        DataError: if it can't be used, or none of its files is there.
    """
    stated = reading or Reading()
    read = read_metadata(table, stated.image_column, stated.label_column)
    rows, folder = read.rows, base or table.parent
    found = LabelledFiles(unlabelled=list(read.faults), notes=list(read.notes))
    name = _called(reader, table)
    found.notes.insert(0, f"pictures and labels are read from {listed([name])}")
    paths = find_files(reader, folder, [row.file for row in rows])
    torn = _with_several_labels(rows, paths, found)
    seen: set[str] = set()
    for row in rows:
        path = paths[row.file]
        if not has_label(row) or path in torn or path in seen:
            continue
        seen.add(path)
        if Path(path).is_relative_to(folder):
            _add(path, row, found)
        else:
            found.unreadable.append((row.file, f"its path leads out of the folder{f' {folder}' if base else ''}"))
    named = {row.file for row in rows} - {file for file, _ in found.unlabelled}
    _tell_missing(
        folder, name, [row for row in rows if row.file in named and paths[row.file] not in torn], paths, found
    )
    _warn(name, rows, found)
    if base is None:
        _warn_unnamed(reader, table, name, set(paths.values()), found)
    return found


def _called(reader: FolderReader, table: Path) -> str:
    return reader.id_of(table) if table.is_relative_to(reader.root) else table.name


def _with_several_labels(rows: Sequence[MetadataRow], paths: Mapping[str, str], found: LabelledFiles) -> set[str]:
    """The pictures that rows disagree about; all of these rows are left out."""
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        if has_label(row):
            labels[paths[row.file]].setdefault(row.label, row.file)
    torn = {path: own for path, own in labels.items() if len(own) > 1}
    found.unlabelled += [
        (next(iter(own.values())), f"it has several labels: {listed(list(own))}") for own in torn.values()
    ]
    return set(torn)


def _add(path: str, row: MetadataRow, found: LabelledFiles) -> None:
    if row.name and found.names.setdefault(row.label, row.name) != row.name:
        others = f"others call it {listed([found.names[row.label]])}"
        found.unlabelled.append((row.file, f"it calls class {listed([row.label])} {listed([row.name])}, {others}"))
    elif os.path.lexists(path):
        found.pictures.append((path, row.label, row.split))
    else:
        found.unreadable.append((row.file, why_missing(row.file)))


def _tell_missing(
    folder: Path, table: str, rows: list[MetadataRow], paths: Mapping[str, str], found: LabelledFiles
) -> None:
    """Say which files were found by another name, and which classes have none.

    Raises:
        DataError: if no row names a file that is there.
    """
    name = printable(table)
    other = {
        file: os.path.relpath(path, folder) for file, path in paths.items() if path != os.path.normpath(folder / file)
    }
    if other:
        shown = ", ".join(f"{listed([file])} -> {listed([path])}" for file, path in list(other.items())[:3])
        found.notes.append(
            counted(len(other), f"file name of {name} is no file", f"file names of {name} are no files")
            + f" as written; read as the only picture that each can stand for: {shown}"
            + (f" and {len(other) - 3} more" if len(other) > 3 else "")
        )
    labelled = [row for row in rows if has_label(row)]
    there = {path for path, _, _ in found.pictures}
    missing = [row.file for row in labelled if paths[row.file] not in there]
    if labelled and not there:
        web = "; they are web addresses: download the pictures and name the files" if "://" in missing[0] else ""
        raise DataError(
            f"{name}: the files of all {counted(len(missing), 'row')} with a label are missing: "
            f"{listed(missing, most=3)}; "
            f"names of files count from the folder {printable(str(folder))}; --image-root names another{web}"
        )
    counts = Counter(row.label for row in labelled)
    kept = {class_id for _, class_id, _ in found.pictures}
    found.warnings += [
        f"the class {listed([label])} is left out: the files of all its {counted(count, 'row')} of {name} are missing: "
        + listed([row.file for row in labelled if row.label == label], most=3)
        for label, count in counts.items()
        if label not in kept
    ]


def _warn(table: str, rows: list[MetadataRow], found: LabelledFiles) -> None:
    name = printable(table)
    if blank := [row for row in rows if not has_label(row)]:
        words = sorted({row.label for row in blank} - {""})
        read_so = f" ({listed(words)} is read as none)" if words else ""
        files = listed([row.file for row in blank], most=3)
        rows_have = counted(len(blank), f"row of {name} has", f"rows of {name} have")
        found.warnings.append(
            f"{rows_have} no label{read_so} and {'is' if len(blank) == 1 else 'are'} left out: {files}"
        )
    if joined := several_in_one({row.label for row in rows if has_label(row)}):
        found.warnings.append(
            counted(len(joined), f"label of {name} looks", f"labels of {name} look")
            + " like several in one, and each is read as one class of its own: "
            f"{listed(joined, most=3)}; a picture has one label here"
        )
    counts = Counter(row.file for row in rows)
    if several := [file for file, count in counts.items() if count > 1]:
        found.warnings.append(
            f"{counted(len(several), 'picture is', 'pictures are')} more than once in {name}: {listed(several, most=3)}"
        )


def _warn_unnamed(reader: FolderReader, table: Path, name: str, named: Collection[str], found: LabelledFiles) -> None:
    lying = (file for file in reader.walk(table.parent) if is_picture_name(file.name))
    if unnamed := [reader.id_of(file.path) for file in lying if file.path not in named]:
        found.warnings.append(
            f"{counted(len(unnamed), 'picture is', 'pictures are')} not in {printable(name)} and left out: "
            f"{listed(unnamed, most=3)}"
        )


def find_files(reader: FolderReader, folder: Path, names: Sequence[str]) -> Mapping[str, str]:
    r"""The absolute path that each name stands for, whether a file is there or not.

    A name that is no file's is read with slashes for backslashes, in any capitals, without the folders before it, and
    without an ending; it stands for a picture if exactly one that no other row names fits.

    Args:
        reader: lists the folder.
        folder: that the names are relative to, at or below the reader's root.
        names: as they are written; `images\A.PNG` may stand for `images/a.png`, `a` for `images/a.png`.
    """
    written = {name: os.path.normpath(folder / name) for name in names}
    exact = {path for path in written.values() if os.path.lexists(path)}
    if len(exact) == len(set(written.values())):
        return written
    free = [e.path for e in reader.walk(folder) if is_picture_name(e.name) and e.path not in exact]
    known = _by_ends(folder, free)
    guessed = {name: _only(known, name) for name, path in written.items() if path not in exact}
    return written | {name: path for name, path in guessed.items() if path}


def why_missing(name: str) -> str:
    """Why a row's file is not there, as far as its name tells.

    >>> why_missing("https://x.org/a.png")
    'a web address: download it and name the file'
    """
    return "a web address: download it and name the file" if "://" in name else "named in the metadata and not there"


def _by_ends(folder: Path, paths: Iterable[str]) -> Mapping[Parts, set[str]]:
    """Every path by all that it may be called: its last parts, with and without its ending."""
    known: dict[Parts, set[str]] = defaultdict(set)
    for path in paths:
        parts = _parts(Path(path).relative_to(folder).as_posix())
        bare = (*parts[:-1], PurePosixPath(parts[-1]).stem)
        for start in range(len(parts)):
            known[parts[start:]].add(path)
            known[bare[start:]].add(path)
    return known


def _only(known: Mapping[Parts, set[str]], name: str) -> str | None:
    """The one path that a name may mean; nothing that leads out of the folder, and no web address, means one."""
    parts = _parts(name)
    if "://" in name or ".." in parts or not parts or Path(name).is_absolute():
        return None
    found = known.get(parts, set())
    return next(iter(found)) if len(found) == 1 else None


def _parts(name: str) -> Parts:
    return tuple(part for part in name.casefold().replace("\\", "/").split("/") if part not in ("", "."))
