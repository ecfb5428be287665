"""A folder of images: a folder per class, a folder per split that holds a folder per class, or a table of labels.

The files are listed here and not by the `imagefolder` builder or a glob pattern: folder names may hold `*`, `[x]`,
`{0}` or anything else, and a class may be called `test`.
"""

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path, PurePath
from types import MappingProxyType

from evaluators.errors import DataError
from prompt_search.data.layouts.find_layout import find_layout
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.image_source import ImageFile, Listing, Role
from prompt_search.data.layouts.labelled_table import labelled_files
from prompt_search.data.layouts.layout import ClassFolder, Layout
from prompt_search.data.names.printable import counted, listed, printable
from prompt_search.data.pictures.open_picture import is_picture_name
from prompt_search.data.pictures.picture_formats import UNREADABLE, ending_of
from prompt_search.data.sources.reading import GivenRoles, given_roles

__all__ = ["CLASSES_FILE", "list_folder"]

CLASSES_FILE = "classes.json"
MOST_LOOKED_INTO = 10_000
"""Of the files without an ending."""


def list_folder(
    root: Path, named: Collection[str] = (), mapped: Mapping[str, Role | None] = MappingProxyType({})
) -> Listing:
    """List the classes and images of a folder, opening none of them.

    How it is laid out is told from names and contents, see `find_layout`. Pictures in nested folders count to the
    class. Links are followed. Hidden files and folders, and those of systems, do not exist, but are counted in a note.

    Args:
        root: absolute path of the folder.
        named: class ids that a `classes.json` names, to decide where two layouts are possible.
        mapped: what a person says of splits, which are then the folders of these names, or words in a table.

    Raises:
        DataError: if a folder can't be read, there is no class, only one class, a class without pictures, nothing to
            search with in given splits, a layout that can be read in two ways, or a name is not valid UTF-8. The
            message names it.
    """
    reader = FolderReader(root)
    layout = find_layout(reader, named, mapped)
    lister = _Lister(reader, layout)
    for table, role in layout.tables:
        lister.add_table(table, role, mapped)
    for folder in layout.classes:
        lister.add_folder(folder)
    lister.check()
    return lister.done()


class _Lister:
    """Collects what is found, class folder after class folder."""

    def __init__(self, reader: FolderReader, layout: Layout) -> None:
        self.reader = reader
        self.layout = layout
        self.given = set(layout.given)
        self.names: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.images: list[ImageFile] = []
        self.unreadable: list[tuple[str, str]] = []
        self.unlabelled: list[tuple[str, str]] = []
        self.ignored = [reader.id_of(file.path) for file in layout.loose if file.name != CLASSES_FILE]

    def add_folder(self, folder: ClassFolder) -> None:
        """Take in all files of one class folder."""
        _check_utf8(str(folder.path))
        self.counts.setdefault(folder.class_id, 0)
        for entry in self.reader.walk(folder.path, folder.without):
            if not is_picture_name(entry.name):
                self.ignored.append(self.reader.id_of(entry.path))
                continue
            self._add_picture(entry.path, folder.class_id, folder.given)

    def add_table(self, path: Path, given: Role | None, mapped: Mapping[str, Role | None]) -> None:
        """Take in all pictures that a metadata file names."""
        found = labelled_files(self.reader, path)
        for class_id, name in found.names.items():
            self.names.setdefault(class_id, name)
        self.unreadable += found.unreadable
        self.layout.notes += found.notes
        self.layout.warnings += found.warnings
        self.unlabelled += found.unlabelled
        names = {split for _, _, split in found.pictures if split is not None} if given is None else set()
        asked = mapped and given is None
        told = given_roles(names or {""}, mapped, printable(str(path))) if names or asked else GivenRoles({})
        self.layout.notes += told.notes
        self.layout.warnings += told.warnings
        self.given |= told.given
        for picture, class_id, split in found.pictures:
            if split is None or not names:
                self.counts.setdefault(class_id, 0)
                self._add_picture(picture, class_id, given)
            elif split in told.roles:
                self.counts.setdefault(class_id, 0)
                self._add_picture(picture, class_id, told.roles[split])

    def _add_picture(self, path: str, class_id: str, given: Role | None) -> None:
        _check_utf8(path)
        self.counts[class_id] += 1
        image_id = self.reader.id_of(path)
        if reason := UNREADABLE.get(path[path.rfind(".") :].lower()):
            self.unreadable.append((image_id, reason))
            return
        try:
            status = os.stat(path)  # noqa: PTH116 - pathlib takes longer than the system
        except OSError as error:
            self.unreadable.append((image_id, error.strerror or str(error)))
            return
        if stat.S_ISREG(status.st_mode):
            self.images.append(ImageFile(image_id, class_id, given, path, status.st_size, status.st_mtime_ns))
        else:
            self.unreadable.append((image_id, "not a regular file"))

    def check(self) -> None:
        """Refuse what is no data set.

        Raises:
            DataError: if a class has no pictures, or there is only one.
        """
        root = printable(str(self.reader.root))
        self._tell_endless()
        faults = [f"{printable(row)}: {why}" for row, why in self.unlabelled[:1]]
        hint = "".join(f"; {told}" for told in (*self.layout.notes, *self.layout.warnings, *faults))
        if empty := sorted(class_id for class_id, count in self.counts.items() if not count):
            folders, them = ("folder", "it") if len(empty) == 1 else ("folders", "them")
            ignored = counted(len(self.ignored), "file that is no picture was", "files that are no pictures were")
            raise DataError(
                f"no pictures in the class {folders} {listed(empty)} of {root}; add some or remove {them} "
                f"({ignored} ignored){hint}"
            )
        if len(self.counts) < 2:
            raise DataError(f"{root} has only one class, {listed(list(self.counts))}; two are needed{hint}")

    def _tell_endless(self) -> None:
        """Warn about pictures that were taken for other files since their names have no ending."""
        bare = [image_id for image_id in self.ignored if not PurePath(image_id).suffix][:MOST_LOOKED_INTO]
        endings = {image_id: ending for image_id in bare if (ending := _ending(self.reader.root / image_id))}
        if endings:
            first = next(iter(endings))
            self.layout.warnings.append(
                counted(len(endings), "picture without an ending in its name is", "pictures without endings are")
                + f" left out: {listed(list(endings), most=3)}; give each its own ({printable(first)}{endings[first]})"
            )

    def done(self) -> Listing:
        """What was found, in canonical order."""
        skipped = sorted({PurePath(image_id).name for image_id in self.reader.skipped})
        note = f"hidden and system files and folders skipped ({len(self.reader.skipped)}): {listed(skipped, most=5)}"
        return Listing(
            class_ids=tuple(sorted(self.counts)),
            images=tuple(sorted(self.images, key=lambda image: image.id)),
            given=frozenset(self.given),
            names=self.names,
            unreadable=tuple(sorted(self.unreadable)),
            unlabelled=tuple(self.unlabelled),
            ignored=tuple(sorted(self.ignored)),
            notes=(*self.layout.notes, *([note] if skipped else [])),
            warnings=tuple(self.layout.warnings),
            base=self.layout.base,
        )


def _ending(path: Path) -> str | None:
    """The ending that a file's first bytes ask for; pipes and devices are not opened."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return ending_of(file.read(16))
    except OSError:  # it is ignored all the same
        return None


def _check_utf8(path: str) -> None:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(f"the name of {listed([path])} is not valid UTF-8; rename it") from error
