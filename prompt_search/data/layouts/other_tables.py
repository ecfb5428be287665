"""Tables of labels that are not called `metadata.csv`, and so are not read."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePath

from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.metadata import names_labels
from prompt_search.data.names.printable import listed, printable

__all__ = ["tell_other_tables"]

ENDINGS = (".csv", ".jsonl", ".tsv")


def tell_other_tables(reader: FolderReader, base: Path) -> list[str]:
    """A sentence for each table in a folder, or in those inside, that has columns of file names and labels.

    Args:
        reader: lists the folders.
        base: a folder that is read without a table.
    """
    folders, files = reader.entries(base)
    told = [_told(reader, base, file, [folder.name for folder in folders]) for file in _tables(files)]
    for folder in folders:
        told += [_told(reader, Path(folder.path), file, []) for file in _tables(reader.entries(Path(folder.path))[1])]
    return told


def _tables(files: Sequence[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    return [file for file in files if file.name.lower().endswith(ENDINGS) and names_labels(Path(file.path))]


def _told(reader: FolderReader, folder: Path, file: os.DirEntry[str], beside: Sequence[str]) -> str:
    """`train.csv` beside `train` is the table of that folder."""
    path = PurePath(file.name)
    of = next((name for name in beside if name.lower() == path.stem.lower()), None)
    ending = ".jsonl" if path.suffix.lower() == ".jsonl" else ".csv"  # tabs between the cells are fine there, too
    new = printable(reader.id_of((folder / of if of else folder) / f"metadata{ending}"))
    way = f"move it to {new}" if of else f"rename it to {new}"
    return f"there is {listed([reader.id_of(file.path)])} with files and labels, which is not read: if it is to, {way}"
