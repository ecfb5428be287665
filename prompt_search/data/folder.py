"""A folder of images: a folder per class, or a folder per split that holds a folder per class.

The files are listed here and not by the `imagefolder` builder or a glob pattern: folder names may hold `*`, `[x]`,
`{0}` or anything else, and a class may be called `test`.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.image_source import SPLIT_NAMES, ImageFile, Listing, Role
from prompt_search.data.pictures import EXTENSIONS
from prompt_search.data.printable import listed, printable

__all__ = ["CLASSES_FILE", "list_folder"]

CLASSES_FILE = "classes.json"


def list_folder(root: Path) -> Listing:
    """List the classes and images of a folder, opening none of them.

    The top folders are splits only if every one has the name of a split and holds folders; else they are classes.
    Pictures in nested folders count to the class. Links are followed. Hidden files and folders do not exist.

    Args:
        root: absolute path of the folder.

    Raises:
        DataError: if a folder can't be read, there is no class, only one class, a class without pictures, no test
            split beside other splits, or a name is not valid UTF-8. The message names it.
    """
    tops, files = _entries(root)
    if not tops:
        raise DataError(f"{printable(str(root))} has no folders; put the images of each class into a folder of its own")
    listing = _Lister(root)
    listing.ignored = [e.name for e in files if e.name != CLASSES_FILE]
    split_layout = _is_split_layout(tops)
    for top in tops:
        if split_layout:
            classes, loose = _entries(Path(top.path))
            listing.ignored += [f"{top.name}/{e.name}" for e in loose]
            for folder in classes:
                listing.add(folder, SPLIT_NAMES[top.name.lower()])
        else:
            listing.add(top, None)
    _check_test_split(root, tops if split_layout else [])
    warnings = () if split_layout else _layout_warnings(tops)
    _check_classes(root, listing, warnings)
    if split_layout:
        return listing.done(given=frozenset(SPLIT_NAMES[top.name.lower()] for top in tops))
    return listing.done(warnings=warnings)


class _Lister:
    """Collects what is found, class folder after class folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.counts: dict[str, int] = {}
        self.images: list[ImageFile] = []
        self.unreadable: list[tuple[str, str]] = []
        self.ignored: list[str] = []

    def add(self, folder: os.DirEntry[str], given: Role | None) -> None:
        """Take in all files of one class folder."""
        class_id = folder.name
        _check_utf8(folder.path)
        self.counts.setdefault(class_id, 0)
        for entry in _walk(self.root, Path(folder.path)):
            image_id = Path(entry.path).relative_to(self.root).as_posix()
            if Path(entry.name).suffix.lower() not in EXTENSIONS:
                self.ignored.append(image_id)
                continue
            _check_utf8(entry.path)
            self.counts[class_id] += 1
            self._add_picture(entry, image_id, class_id, given)

    def _add_picture(self, entry: os.DirEntry[str], image_id: str, class_id: str, given: Role | None) -> None:
        try:
            status = entry.stat()
        except OSError as error:
            self.unreadable.append((image_id, error.strerror or str(error)))
            return
        if stat.S_ISREG(status.st_mode):
            self.images.append(
                ImageFile(image_id, class_id, given, entry.path, status.st_size, status.st_mtime_ns),
            )
        else:
            self.unreadable.append((image_id, "not a regular file"))

    def done(self, given: frozenset[Role] = frozenset(), warnings: tuple[str, ...] = ()) -> Listing:
        """What was found, in canonical order."""
        return Listing(
            class_ids=tuple(sorted(self.counts)),
            images=tuple(sorted(self.images, key=lambda image: image.id)),
            given=given,
            unreadable=tuple(sorted(self.unreadable)),
            ignored=tuple(sorted(self.ignored)),
            warnings=warnings,
        )


def _entries(folder: Path) -> tuple[list[os.DirEntry[str]], list[os.DirEntry[str]]]:
    """The folders and the files in a folder that are not hidden, each sorted by name."""
    try:
        with os.scandir(folder) as found:
            seen = sorted((e for e in found if not _is_hidden(e.name)), key=lambda e: e.name)
    except OSError as error:
        raise DataError(f"{printable(str(folder))} can't be listed: {error.strerror or error}") from error
    folders: list[os.DirEntry[str]] = []
    files: list[os.DirEntry[str]] = []
    for entry in seen:
        (folders if _is_folder(entry) else files).append(entry)
    return folders, files


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into a folder that may not be entered: read as a file, it gets its reason
        return False


def _walk(root: Path, folder: Path) -> Iterator[os.DirEntry[str]]:
    """All files below a folder; a folder that links lead to twice, or that holds this one, is entered once or never."""
    entered = {_identity(root)}
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        identity = _identity(here)
        if identity in entered:
            continue
        entered.add(identity)
        folders, files = _entries(here)
        yield from files
        waiting.extend(Path(entry.path) for entry in reversed(folders))


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _is_split_layout(tops: list[os.DirEntry[str]]) -> bool:
    return all(top.name.lower() in SPLIT_NAMES for top in tops) and all(_entries(Path(top.path))[0] for top in tops)


def _layout_warnings(tops: list[os.DirEntry[str]]) -> tuple[str, ...]:
    if not all(top.name.lower() in SPLIT_NAMES for top in tops):
        return ()
    names = [top.name for top in tops]
    return (f"{listed(names)} are read as classes and not as splits, because not each of them holds class folders",)


def _check_test_split(root: Path, splits: list[os.DirEntry[str]]) -> None:
    names = [split.name for split in splits]
    if names and "test" not in (name.lower() for name in names):
        raise DataError(
            f"{printable(str(root))} is given in splits ({listed(names)}) without a `test` folder; "
            "add one, or give a folder of class folders and let the splits be drawn"
        )
    if names and not any(SPLIT_NAMES[name.lower()] == "search" for name in names):
        raise DataError(f"{printable(str(root))} is given in splits ({listed(names)}) without `train` or `search`")


def _check_classes(root: Path, found: _Lister, warnings: tuple[str, ...]) -> None:
    hint = "".join(f"; {warning}" for warning in warnings)
    empty = sorted(class_id for class_id, count in found.counts.items() if not count)
    if empty:
        raise DataError(
            f"no pictures in the class folder {listed(empty)} of {printable(str(root))}; "
            f"add some or remove the folder ({len(found.ignored)} files that are no pictures were ignored){hint}"
        )
    if len(found.counts) < 2:
        raise DataError(
            f"{printable(str(root))} has only one class, {listed(list(found.counts))}; two are needed{hint}"
        )


def _check_utf8(path: str) -> None:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(f"the name of {listed([path])} is not valid UTF-8; rename it") from error
