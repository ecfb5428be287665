"""Lists of picture files with their labels: CSV, JSON Lines, `path label` lines, and CoOp's `split_zhou_*.json`."""

import json
import os
import stat
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from evaluators.errors import DataError
from prompt_search.data.home import from_home
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.image_source import ImageFile, Listing, Role
from prompt_search.data.layouts.labelled_table import labelled_files, why_missing
from prompt_search.data.names.printable import listed, printable
from prompt_search.data.pictures.picture_formats import UNREADABLE
from prompt_search.data.sources.reading import Reading, given_roles, ids_of_numbers, refuse_unused, too_few

__all__ = ["LIST_ENDINGS", "coop_file_in", "is_coop_file", "list_coop", "list_table"]

LIST_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt")
COOP_SPLITS = ("train", "val", "test")
LOOKED_AT = 20
"""Paths of a list that are looked for in each folder that may be the one they count from."""
SHOWN_AT_MOST = 3


def list_table(path: Path, reading: Reading) -> Listing:
    """List the pictures that a CSV, TSV, JSON Lines, JSON or text file names.

    Args:
        path: absolute; see `read_metadata`.
        reading: columns, split map, and the folder that file names count from, by default the list's own.

    Raises:
        DataError: if it can't be used, none of its files is there, or there are fewer than two classes.
    """
    refuse_unused(
        reading, ("image_column", "label_column", "image_root"), printable(str(path)), "it is a list of files"
    )
    root = _image_root(reading) or path.parent
    found = labelled_files(FolderReader(root), path, reading, root)
    splits = {split for _, _, split in found.pictures if split is not None}
    roles = given_roles(splits or {""}, reading.splits(), printable(path.name))
    files = _Files(root, found.unreadable)
    for picture, class_id, split in found.pictures:
        if (split or "") in roles.roles:
            files.add(picture, class_id, roles.roles[split or ""])
    return files.listing(
        printable(str(path)),
        roles.given,
        found.names,
        found.unlabelled,
        (*found.notes, *roles.notes),
        (*found.warnings, *roles.warnings),
    )


def is_coop_file(path: Path) -> bool:
    """Whether a JSON file is named as CoOp's splits are, or holds `{"train": [[path, label, name]], ...}`."""
    if path.suffix.lower() != ".json":
        return False
    if path.name.lower().startswith("split_"):
        return True
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.read(64).lstrip().startswith('{"train"')
    except (OSError, UnicodeDecodeError):
        return False


def coop_file_in(folder: Path) -> Path | None:
    """The only `split_zhou_*.json` directly in a folder."""
    found = sorted(folder.glob("split_zhou_*.json"))
    return found[0] if len(found) == 1 else None


def list_coop(path: Path, reading: Reading) -> Listing:
    """List the pictures of a split file of CoOp or Dassl: `{"train" | "val" | "test": [[path, label, name], ...]}`.

    Class ids are the names, or, if two labels have one name, the labels.

    Args:
        path: absolute.
        reading: split map, and the folder that paths count from. By default the file's own or one inside: the one that
            has the first paths.

    Raises:
        DataError: if the file can't be used, none of its pictures is there, or there are fewer than two classes.
    """
    refuse_unused(reading, ("image_root",), printable(str(path)), "it is a file of CoOp's splits")
    rows, faults = _coop_rows(path)
    root = _image_root(reading) or _root_of([row.file for row in rows], path.parent)
    names = _coop_names(rows)
    ids = ids_of_numbers(names)
    roles = given_roles({row.split for row in rows} or {""}, reading.splits(), printable(path.name))
    files = _Files(root, [])
    for row in rows:
        if row.name != names[row.label]:
            faults.append(
                (row.file, f"it calls label {row.label} {listed([row.name])}, others {listed([names[row.label]])}")
            )
        elif row.split in roles.roles:
            files.add_named(row.file, ids[row.label], roles.roles[row.split])
    where = f", pictures from {listed([str(root)])}" if root != path.parent else ""
    shown = {ids[label]: name for label, name in names.items() if ids[label] != name}
    notes = (f"{listed([path.name])} is read as splits of CoOp{where}", *roles.notes)
    return files.listing(printable(str(path)), roles.given, shown, faults, notes, roles.warnings)


@dataclass(frozen=True, slots=True)
class _CoopRow:
    file: str
    label: int
    name: str
    split: str


def _coop_rows(path: Path) -> tuple[list[_CoopRow], list[tuple[str, str]]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"{printable(str(path))} can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{printable(str(path))} is not valid JSON: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(rows, list) for rows in content.values()):
        raise DataError(
            f'{printable(str(path))} must hold {{"train": [[path, label, name], ...], "val": ..., "test": ...}}'
        )
    rows: list[_CoopRow] = []
    faults: list[tuple[str, str]] = []
    for split, entries in content.items():
        for number, entry in enumerate(entries):
            row = _coop_row(entry, str(split))
            if row is None:
                faults.append(
                    (f"{printable(str(split))} {number}", f"{printable(repr(entry))[:60]} is no [path, label, name]")
                )
            else:
                rows.append(row)
    return rows, faults


def _coop_row(entry: Any, split: str) -> _CoopRow | None:  # noqa: ANN401 - whatever the file holds
    if not isinstance(entry, list) or len(entry) != len(COOP_SPLITS):
        return None
    file, label, name = entry
    whole = isinstance(label, int) and not isinstance(label, bool) and label >= 0
    if not whole or not isinstance(file, str) or not isinstance(name, str) or not file.strip() or not name.strip():
        return None
    return _CoopRow(file, label, name, split)


def _coop_names(rows: Sequence[_CoopRow]) -> Mapping[int, str]:
    """The name that most rows of a label give it."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.label][row.name] += 1
    return {label: min(own, key=lambda name: (-own[name], name)) for label, own in sorted(counts.items())}


def _root_of(files: Sequence[str], folder: Path) -> Path:
    """The folder, or the one inside it, that most of the first paths are found in; the folder itself if none is."""
    try:
        inside = sorted(each for each in folder.iterdir() if each.is_dir())
    except OSError as error:
        raise DataError(f"{printable(str(folder))} can't be listed: {error.strerror or error}") from error
    first = files[:: max(1, len(files) // LOOKED_AT)]

    def found(root: Path) -> int:
        return sum(os.path.lexists(root / file) for file in first)

    return max([folder, *inside], key=found)


def _image_root(reading: Reading) -> Path | None:
    if reading.image_root is None:
        return None
    root = from_home(reading.image_root).absolute()
    if not root.is_dir():
        raise DataError(f"the image root {printable(str(root))} is no folder")
    return root


class _Files:
    """Collects pictures by their paths; what is not there is named."""

    def __init__(self, root: Path, unreadable: Sequence[tuple[str, str]]) -> None:
        self.root = Path(os.path.normpath(root))
        self.images: dict[str, ImageFile] = {}
        self.unreadable = list(unreadable)
        self.doubled: list[tuple[str, str]] = []

    def add_named(self, name: str, class_id: str, given: Role | None) -> None:
        """Take in a picture by its path from the root, which must not lead out of it."""
        path = os.path.normpath(self.root / name)
        if not Path(path).is_relative_to(self.root):
            self.unreadable.append((name, f"its path leads out of the folder {self.root}"))
        elif not os.path.lexists(path):
            self.unreadable.append((name, why_missing(name)))
        else:
            self.add(path, class_id, given)

    def add(self, path: str, class_id: str, given: Role | None) -> None:
        """Take in a picture that is there. One that is named twice counts once; with two classes, for none."""
        image_id = Path(path).relative_to(self.root).as_posix()
        known = self.images.get(image_id)
        if known is not None:
            if known.class_id != class_id:
                self.doubled.append((image_id, f"it has several labels: {listed([known.class_id, class_id])}"))
            return
        if reason := UNREADABLE.get(PurePath(path).suffix.lower()):
            self.unreadable.append((image_id, reason))
            return
        try:
            status = Path(path).stat()
        except OSError as error:
            self.unreadable.append((image_id, error.strerror or str(error)))
            return
        if stat.S_ISREG(status.st_mode):
            self.images[image_id] = ImageFile(image_id, class_id, given, path, status.st_size, status.st_mtime_ns)
        else:
            self.unreadable.append((image_id, "not a regular file"))

    def listing(
        self,
        where: str,
        given: frozenset[Role],
        names: Mapping[str, str],
        unlabelled: Sequence[tuple[str, str]],
        notes: tuple[str, ...],
        warnings: tuple[str, ...],
    ) -> Listing:
        """What was found.

        Raises:
            DataError: if no picture is there, or all are of one class.
        """
        for image_id, _ in self.doubled:
            self.images.pop(image_id, None)
        class_ids = tuple(sorted({image.class_id for image in self.images.values()}))
        if len(class_ids) < 2:
            why = "; ".join(
                f"{printable(i)}: {printable(w)}" for i, w in [*self.unreadable, *unlabelled][:SHOWN_AT_MOST]
            )
            raise DataError(
                f"{where}: the pictures that are there are of {too_few(class_ids)}; two are needed"
                f"{f' ({why})' if why else ''}; paths count from {printable(str(self.root))}, or from --image-root"
            )
        return Listing(
            class_ids=class_ids,
            images=tuple(sorted(self.images.values(), key=lambda image: image.id)),
            given=given,
            names={class_id: name for class_id, name in names.items() if class_id in class_ids},
            unreadable=tuple(sorted(self.unreadable)),
            unlabelled=(*unlabelled, *self.doubled),
            notes=notes,
            warnings=warnings,
        )
