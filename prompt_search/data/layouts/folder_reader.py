"""What lies in folders: each listed once, without what systems leave behind."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.names.printable import printable
from prompt_search.data.pictures.open_picture import is_picture_name

__all__ = ["FolderReader", "is_system", "names_within"]

FOUND = re.compile(r"found\.\d{3}")
"""Where Windows puts what it found on a damaged disk."""

UNUSUAL = re.compile("(?:^|/)(?:[./]|$)")
"""Parts of a path that pathlib may write in another way."""

SYSTEM_NAMES = frozenset(
    {
        "__macosx",
        "icon\r",
        "network trash folder",
        "temporary items",
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "$recycle.bin",
        "recycler",
        "recycled",
        "recycle bin",
        "system volume information",
        "lost+found",
        "lost.dir",
        "@eadir",
        "@recycle",
        "@recently-snapshot",
        "@sharebin",
        "@tmp",
        "@transcode",
        "~snapshot",
        "node_modules",
        "venv",
        "#recycle",
        "#snapshot",
        "__pycache__",
        "picasa.ini",
        "zbthumbnail.info",
    }
)

Entries = tuple[list[os.DirEntry[str]], list[os.DirEntry[str]]]


class FolderReader:
    """Lists the folders below `root`.

    Attributes:
        root: absolute path.
        skipped: ids (paths relative to root) of hidden and system files and folders that were passed over.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = f"{root}/"
        self.skipped: set[str] = set()
        self._known: dict[Path, Entries] = {}

    def id_of(self, path: str | Path) -> str:
        """The path relative to root, with forward slashes."""
        if isinstance(path, str) and path.startswith(self._prefix):
            rest = path[len(self._prefix) :]
            if not UNUSUAL.search(rest):
                return rest  # pathlib takes longer than the system takes to look at the file
        return Path(path).relative_to(self.root).as_posix()

    def entries(self, folder: Path) -> Entries:
        """The folders and the files in a folder, each sorted by name.

        Raises:
            DataError: if it can't be listed.
        """
        if folder not in self._known:
            self._known[folder] = self._list(folder)
        return self._known[folder]

    def folders(self, folder: Path) -> list[os.DirEntry[str]]:
        """The folders in a folder."""
        return self.entries(folder)[0]

    def pictures(self, folder: Path) -> list[os.DirEntry[str]]:
        """The pictures that lie in a folder, by their endings."""
        return [entry for entry in self.entries(folder)[1] if is_picture_name(entry.name)]

    def walk(self, folder: Path, without: frozenset[str] = frozenset()) -> Iterator[os.DirEntry[str]]:
        """All files below a folder; one that links lead to twice, or that holds this one, is entered once or never.

        Args:
            folder: at or below root.
            without: names of folders directly in it that are passed over.
        """
        entered = set() if folder == self.root else {_identity(self.root)}
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            identity = _identity(here)
            if identity in entered:
                continue
            entered.add(identity)
            folders, files = self.entries(here)
            yield from files
            waiting.extend(Path(e.path) for e in reversed(folders) if here != folder or e.name not in without)

    def holds_pictures(self, folder: Path) -> bool:
        """Whether a picture lies anywhere below."""
        return any(is_picture_name(entry.name) for entry in self.walk(folder))

    def _list(self, folder: Path) -> Entries:
        try:
            with os.scandir(folder) as found:
                seen = sorted(found, key=lambda e: e.name)
        except OSError as error:
            raise DataError(f"{printable(str(folder))} can't be listed: {error.strerror or error}") from error
        folders: list[os.DirEntry[str]] = []
        files: list[os.DirEntry[str]] = []
        for entry in seen:
            if is_system(entry.name):
                self.skipped.add(self.id_of(entry.path))
            else:
                (folders if _is_folder(entry) else files).append(entry)
        return folders, files


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into a folder that may not be entered: read as a file, it gets its reason
        return False


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def names_within(folder: Path, levels: int) -> Iterator[tuple[str, list[str], list[str]]]:
    """The path of the folder and of those inside, so many levels down, and the names of folders and files in each.

    Links are followed, and a folder that can't be listed is passed over.
    """
    for home, inside, files in os.walk(folder, followlinks=True):
        yield home, inside, files
        if home[len(str(folder)) :].count(os.sep) >= levels:
            inside.clear()


def is_system(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or put there by a NAS, Windows, macOS or an editor.

    >>> [is_system(name) for name in (".DS_Store", "@eaDir", "Thumbs.db", "~$notes.docx", "cat")]
    [True, True, True, True, False]
    """
    lower = name.lower()
    return (
        name.startswith((".", "~$"))
        or lower in SYSTEM_NAMES
        or (
            lower.endswith((":zone.identifier", "@synoeastream"))
            or (lower.startswith("found.") and FOUND.fullmatch(lower) is not None)
        )
    )
