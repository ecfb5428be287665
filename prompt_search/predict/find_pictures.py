"""The pictures that a person names: files, folders, patterns, and lines of standard input."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prompt_search.data.home import from_home
from prompt_search.data.pictures.open_picture import is_picture_name
from prompt_search.errors import DataError

__all__ = ["STDIN", "find_pictures", "named_lines"]

STDIN = "-"


def find_pictures(names: Sequence[str]) -> list[tuple[str, Path]]:
    """The pictures by what they are called, in order of the names, within a folder or pattern in order of their paths.

    A file is taken whatever its ending; in folders, at any depth, those with the ending of a picture.

    Raises:
        DataError: if a name is no file, folder or pattern of any, or a folder has no picture.
    """
    found: dict[str, Path] = {}
    for name in names:
        paths = _of_name(name)
        if not paths:
            raise DataError(f"{name!r} is no file, and there is no picture in it or of this pattern; check the name")
        found |= {str(path): path for path in paths}
    return list(found.items())


def named_lines(lines: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """One path a line, as they come; empty lines are skipped."""
    for line in lines:
        name = line.rstrip("\r\n")
        if name.strip():
            yield name, Path(name)


def _of_name(name: str) -> list[Path]:
    path = from_home(name)
    if path.is_dir():
        return sorted(each for each in path.rglob("*") if each.is_file() and is_picture_name(each.name))
    if path.exists():
        return [path]
    matched = sorted(Path(each) for each in glob.glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob refuses "/"
    return [each for each in matched if each.is_file() and is_picture_name(each.name)]
