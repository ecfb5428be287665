"""`metadata.csv` and `metadata.jsonl`, as Hugging Face's ImageFolder has them: pictures and their labels by row."""

import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from evaluators.errors import DataError
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.names.printable import listed, printable
from prompt_search.data.pictures.open_picture import is_picture_name
from prompt_search.data.sources.reading import NO_LABEL

__all__ = [
    "TABLES",
    "MetadataRow",
    "Table",
    "has_label",
    "names_labels",
    "read_metadata",
    "several_in_one",
    "usable_table",
]

TABLES = ("metadata.csv", "metadata.jsonl")
FILE = ("file_name", "filename", "file", "file_path", "filepath", "path", "image_path", "image_name", "image", "img")
LABEL = ("label", "class", "category", "target", "class_name", "label_name", "category_name", "labels", "y")
NAME = ("class_name", "label_name", "category_name", "name")
SPLIT = ("split", "subset", "partition")
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class MetadataRow:
    """One row.

    Attributes:
        file: path of the picture relative to the metadata file, as written.
        label: class id as written, see `has_label`.
        name: name of the class, empty if the file gives none.
        split: what a column `split` says, None if there is none.
    """

    file: str
    label: str
    name: str = ""
    split: str | None = None


def has_label(row: MetadataRow) -> bool:
    """Whether a row has a label: not empty, nor what tables write for nothing.

    >>> [has_label(MetadataRow("a.png", label)) for label in ("cat", "NaN", "NULL", "")]
    [True, False, False, False]
    """
    return row.label.lower() not in NO_LABEL


def several_in_one(labels: Collection[str]) -> list[str]:
    """Labels that look like several: joined by `|` or `;`, a list, or joined by commas with parts that others have.

    >>> several_in_one({"cat", "cat,dog", "tench, Tinca tinca", "owl|dog", "['owl']"})
    ["['owl']", 'cat,dog', 'owl|dog']
    """
    parts = {label: [part.strip().lower() for part in re.split(r"[,;|]", label)] for label in set(labels)}
    counts = Counter(part for own in parts.values() for part in set(own))
    return sorted(
        label
        for label, own in parts.items()
        if re.search(r"\w\s*[;|]\s*\w|^\[.*\]$", label) or (len(own) > 1 and any(counts[part] > 1 for part in own))
    )


def names_labels(path: Path) -> bool:
    """Whether a CSV, TSV or JSON Lines file has columns of file names and labels; False if it can't be read."""
    try:
        return {"file", "label"} <= _columns(next(iter(_good_rows(path)), {})).keys()
    except DataError:
        return False


def usable_table(reader: FolderReader, folder: Path, warnings: list[str]) -> Path | None:
    """The metadata file directly in a folder, if it has columns of file names and labels.

    Args:
        reader: lists the folder.
        folder: at or below its root.
        warnings: gets one about a file without these columns beside folders, which are then read instead.

    Raises:
        DataError: if there are two, it can't be read, or it lacks the columns and there are no folders.
    """
    folders, files = reader.entries(folder)
    found = [Path(file.path) for file in files if file.name.lower() in TABLES]
    if not found:
        return None
    if len(found) > 1:
        raise DataError(f"{printable(str(folder))} has {listed([f.name for f in found])}; keep one of them")
    header = _header(found[0])
    columns = _columns(header)
    if "file" in columns and "label" in columns:
        return found[0]
    told = f"{printable(reader.id_of(found[0]))} has no columns of file names and labels (file_name, label)"
    fault = next((f", {at}: {why}" for at, row, why in _rows(found[0]) if row is None), "")
    has = f"only {listed(list(header))}" if columns or folders else f"or no rows{fault}"
    if not folders:
        raise DataError(f"{told}, {has}; rename its columns, or put the images of each class into a folder of its own")
    warnings.append(f"{told}, {has}: it is not used, and the folders are read as classes")
    return None


@dataclass(frozen=True, slots=True)
class Table:
    """What a table of pictures says.

    Attributes:
        rows: that name a picture.
        faults: rows that are left out, with the reason.
        notes: how it was read.
    """

    rows: list[MetadataRow]
    faults: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_metadata(path: Path, image_column: str | None = None, label_column: str | None = None) -> Table:
    """The rows of a metadata file.

    Columns, in any case: `file_name` (or `filename`, `path`, `image`, ...), `label` (or `class`, `category`, `target`,
    ...), and if there are, a name of the class (`class_name`, ...) and a `split`. A file without a heading whose first
    cell is the name of a picture has the columns file, label and maybe split.

    Args:
        path: `.csv`, `.tsv`, `.jsonl`, a `.json` list of objects, or a `.txt` of `path label` lines.
        image_column, label_column: in the place of the usual names.

    Raises:
        DataError: if it can't be read, or lacks a column.
    """
    lines = list(_rows(path))
    rows = [row for _, row, _ in lines if row is not None]
    header = dict.fromkeys(column for row in rows for column in row)
    columns = _columns(header)
    for use, stated in (("file", image_column), ("label", label_column)):
        if stated is not None and stated not in header:
            raise DataError(f"{printable(str(path))} has no column {listed([stated])}, only {listed(list(header))}")
        columns |= {use: stated} if stated is not None else {}
    if "name" in columns and columns["name"] == columns.get("label"):
        del columns["name"]
    if missing := {"file", "label"} - columns.keys():
        options = " and ".join({"file": "--image-column", "label": "--label-column"}[use] for use in sorted(missing))
        raise DataError(
            f"{printable(str(path))} has no columns of file names and labels (file_name, label), only "
            f"{listed(list(header))}; name them with {options}"
        )
    found = Table([], notes=[HEADLESS.format(listed([path.name]))] if isinstance(next(iter(header), ""), _Made) else [])
    for at, row, fault in lines:
        read = fault if row is None else _read(row, columns)
        if isinstance(read, str):
            found.faults.append((f"{path.name}, {at}", read))
        else:
            found.rows.append(read)
    return found


def _read(row: Mapping[str, Any], columns: Mapping[str, str]) -> MetadataRow | str:
    """A row, or what is wrong with it."""
    file = row.get(columns["file"])
    if not isinstance(file, str) or not file.strip():
        return "it has no file name"
    label = _text(row.get(columns["label"]))
    if label is None:
        kind = type(row.get(columns["label"])).__name__
        return f"the label of {listed([file])} must be one text or number, got {kind}; one label per picture"
    name = _text(row.get(columns["name"])) if "name" in columns else ""
    split = _text(row.get(columns["split"])) if "split" in columns else None
    return MetadataRow(file.strip(), label, name or "", split)


def _header(path: Path) -> Mapping[str, Any]:
    """The columns of all rows: in JSON Lines the first may lack one."""
    rows = _good_rows(path)
    if path.suffix.lower() == ".csv":
        return next(iter(rows), {})
    return dict.fromkeys(column for row in rows for column in row)


def _columns(row: Mapping[str, Any]) -> dict[str, str]:
    """What the columns are, by use."""
    plain = {str(column).strip().lower().replace(" ", "_").replace("-", "_"): column for column in row}
    uses = {"file": FILE, "label": LABEL, "split": SPLIT}
    found = {use: plain[word] for use, words in uses.items() for word in reversed(words) if word in plain}
    names = [plain[word] for word in NAME if word in plain and plain[word] != found.get("label")]
    return found | ({"name": names[0]} if names else {})


def _text(value: object) -> str | None:
    """A cell as text; None if it is none."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if isinstance(value, str | int | float) else None


class _Made(str):
    """The name of a column that the file itself does not name."""

    __slots__ = ()


HEADLESS = "{} has no heading: its columns are read as file, label and, if there is a third, split"

Line = tuple[str, Mapping[str, Any] | None, str]
"""Where it is, what it holds, and if it holds nothing of use, why."""


def _good_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    return (row for _, row, _ in _rows(path) if row is not None)


def _rows(path: Path) -> Iterator[Line]:
    kinds = {".jsonl": _json_rows, ".ndjson": _json_rows, ".json": _json_list, ".txt": _plain_rows}
    try:
        yield from kinds.get(path.suffix.lower(), _csv_rows)(path)
    except OSError as error:
        raise DataError(f"{printable(str(path))} can't be read: {error.strerror or error}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{printable(str(path))} can't be read as a table in UTF-8: {error}") from error


def _csv_rows(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = "".join(islice(file, 1))
        file.seek(0)
        delimiter = max(DELIMITERS, key=head.count)
        first = next(csv.reader([head], delimiter=delimiter), [])
        made = _headless(first)
        rows = csv.DictReader(file, made, delimiter=delimiter)
        for row in rows:
            # Dropped unseen, half of an unquoted label `cat, black` would be lost.
            if any(str(cell).strip() for cell in row.pop(None, [])):  # type: ignore[call-overload, unused-ignore]
                why = (
                    f"it has more cells than there are columns; put a text that holds {delimiter!r} into double quotes"
                )
                yield f"line {rows.line_num}", None, why
            else:
                yield f"line {rows.line_num}", row, ""


def _headless(first: Sequence[str]) -> list[str] | None:
    """The columns of a table that begins with a picture in the place of a heading."""
    if len(first) in (2, 3) and is_picture_name(first[0].strip()) and not _columns(dict.fromkeys(first)):
        return [_Made("file"), "label", "split"][: len(first)]
    return None


def _plain_rows(path: Path) -> Iterator[Line]:
    """`path label` lines: the label is what follows the last space."""
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            name, _, label = line.strip().rpartition("\t" if "\t" in line.strip() else " ")
            if name:
                yield f"line {number}", {_Made("file"): name.strip(), "label": label.strip()}, ""
            else:
                yield f"line {number}", None, "it is no `path label`"


def _json_rows(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield f"line {number}", None, f"it is not valid JSON: {error}"
                continue
            yield _object(f"line {number}", row)


def _json_list(path: Path) -> Iterator[Line]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{printable(str(path))} is not valid JSON: {error}") from error
    if not isinstance(content, list):
        raise DataError(f"{printable(str(path))} must hold a list of objects with a file name and a label")
    yield from (_object(f"row {number}", row) for number, row in enumerate(content, start=1))


def _object(at: str, row: object) -> Line:
    return (at, row, "") if isinstance(row, dict) else (at, None, "it must be one JSON object")
