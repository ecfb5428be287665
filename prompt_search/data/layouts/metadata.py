"""`metadata.csv` and `metadata.jsonl`, as Hugging Face's ImageFolder has them: pictures and their labels by row."""

import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from evaluators.errors import DataError
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.image_source import Role
from prompt_search.data.names.printable import listed, printable
from prompt_search.data.names.split_names import split_roles

__all__ = ["MetadataRow", "has_label", "names_labels", "read_metadata", "several_in_one", "usable_table"]

TABLES = ("metadata.csv", "metadata.jsonl")
FILE = ("file_name", "filename", "file", "file_path", "filepath", "path", "image_path", "image_name", "image", "img")
LABEL = ("label", "class", "category", "target", "class_name", "label_name", "category_name", "labels", "y")
NAME = ("class_name", "label_name", "category_name", "name")
SPLIT = ("split", "subset", "partition")
DELIMITERS = (",", ";", "\t")
NO_LABEL = frozenset({"", "nan", "null", "<na>", "n/a", "#n/a"})
"""What tables write for nothing. Not `none`, which may be a class: nothing is to be seen."""


@dataclass(frozen=True, slots=True)
class MetadataRow:
    """One row.

    Attributes:
        file: path of the picture relative to the metadata file, as written.
        label: class id as written, see `has_label`.
        name: name of the class, empty if the file gives none.
        given: the role that a column `split` gives.
    """

    file: str
    label: str
    name: str = ""
    given: Role | None = None


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
        return {"file", "label"} <= _columns(next(iter(_rows(path)), {})).keys()
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
    has = f"only {listed(list(header))}" if columns or folders else "or no rows"
    if not folders:
        raise DataError(f"{told}, {has}; rename its columns, or put the images of each class into a folder of its own")
    warnings.append(f"{told}, {has}: it is not used, and the folders are read as classes")
    return None


def read_metadata(path: Path) -> list[MetadataRow]:
    """The rows of a metadata file.

    Columns, in any case: `file_name` (or `filename`, `path`, `image`, ...), `label` (or `class`, `category`, `target`,
    ...), and if there are, a name of the class (`class_name`, ...) and a `split`.

    Raises:
        DataError: if it can't be read, a row has no file name, several labels or cells without a column, or a
            split's name is unknown.
    """
    rows = list(_rows(path))
    columns = _columns(dict.fromkeys(column for row in rows for column in row))
    roles = _roles(path, [str(row.get(columns["split"])) for row in rows]) if "split" in columns else {}
    found = []
    for number, row in enumerate(rows, start=1):
        at = f"{printable(str(path))}, row {number}"
        file = row.get(columns["file"])
        if not isinstance(file, str) or not file.strip():
            raise DataError(f"{at} has no file name")
        label = _text(at, row.get(columns["label"]))
        name = _text(at, row.get(columns["name"])) if "name" in columns else ""
        found.append(MetadataRow(file.strip(), label, name, roles.get(str(row.get(columns.get("split", ""))))))
    return found


def _header(path: Path) -> Mapping[str, Any]:
    """The columns of all rows: in JSON Lines the first may lack one."""
    rows = _rows(path)
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


def _roles(path: Path, splits: Sequence[str]) -> Mapping[str, Role]:
    names = sorted(set(splits))
    roles = split_roles(names)
    if roles is None:
        raise DataError(
            f"{printable(str(path))}: {listed(names)} in its column of splits are not all splits; "
            "use train, val and test"
        )
    return roles


def _text(at: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise DataError(f"{at}: a label must be one text or number, got {type(value).__name__}; one label per picture")


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        yield from _json_rows(path) if path.suffix.lower() == ".jsonl" else _csv_rows(path)
    except OSError as error:
        raise DataError(f"{printable(str(path))} can't be read: {error.strerror or error}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{printable(str(path))} can't be read as a table in UTF-8: {error}") from error


def _csv_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = "".join(islice(file, 1))
        file.seek(0)
        delimiter = max(DELIMITERS, key=head.count)
        rows = csv.DictReader(file, delimiter=delimiter)
        for row in rows:
            # Dropped unseen, half of an unquoted label `cat, black` would be lost.
            if any(str(cell).strip() for cell in row.pop(None, [])):  # type: ignore[call-overload, unused-ignore]
                raise DataError(
                    f"{printable(str(path))}, line {rows.line_num} has more cells than there are columns; "
                    f"put a text that holds {delimiter!r} into double quotes"
                )
            yield row


def _json_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{printable(str(path))}, line {number} is not valid JSON: {error}") from error
            if not isinstance(row, dict):
                raise DataError(f"{printable(str(path))}, line {number} must be one JSON object")
            yield row
