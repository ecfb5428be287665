"""The file that a table's row means: the one it names, or the only one that its name can stand for."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.pictures.open_picture import is_picture_name

__all__ = ["find_files", "why_missing"]

Parts = tuple[str, ...]


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
