"""What a data set is before any picture is opened: its classes, and where every image lies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from evaluators.prompts.prompt_set import ClassLabel

__all__ = ["ROLES", "ImageFile", "ImageSource", "Listing", "Role"]

Role = Literal["search", "select", "test"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One image: where it lies and what it shows.

    Attributes:
        id: its path relative to the data folder with forward slashes, or its path in the Parquet file.
        class_id: the folder it lies in, or its label.
        given: the role its split folder or split column gives it; None if the roles are to be drawn.
        path: absolute path of the file that holds its bytes.
        size, mtime_ns: of that file; both unchanged means that the bytes are taken for unchanged.
        row: its row in the Parquet file, None for a file of its own.
        content: SHA-256 of its bytes, 32 bytes; empty until `fingerprints.fingerprint` has filled it in.
    """

    id: str
    class_id: str
    given: Role | None
    path: str
    size: int
    mtime_ns: int
    row: int | None = None
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder or a Parquet file holds, before its classes have names.

    Attributes:
        class_ids: sorted.
        images: sorted by id.
        given: the roles that the data's own splits give; empty if the roles are to be drawn.
        names: names that the data itself gives its classes, by class id; may be empty.
        unreadable: image ids with the reason why they can't be read.
        ignored: files that are no pictures.
        notes: what was recognised and how it was read.
        warnings: what a person should know.
        base: the folder whose `classes.json` counts, if it is not the one that was given.
        table: the Parquet file as a `datasets.Dataset` with the column `image`; None for a folder.
    """

    class_ids: tuple[str, ...]
    images: tuple[ImageFile, ...]
    given: frozenset[Role] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    base: Path | None = None
    table: Any = None


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A data set whose classes have names.

    Attributes:
        classes: C classes in order of their ids.
        images, given, unreadable, ignored, notes, warnings, table: as in `Listing`.
    """

    classes: tuple[ClassLabel, ...]
    images: tuple[ImageFile, ...]
    given: frozenset[Role] = frozenset()
    unreadable: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    table: Any = None

    def pictures(self, images: Sequence[ImageFile]) -> Any:  # noqa: ANN401 - a datasets.Dataset, which has no types
        """The images as a `datasets.Dataset` with one column `image` of undecoded `{"bytes", "path"}`.

        It is left undecoded because `datasets` turns pictures by their EXIF orientation when it decodes, and open_clip,
        whose features the prompts will be used with, does not.
        """
        import datasets

        if self.table is not None:
            return self.table.select([image.row for image in images]).select_columns("image")
        paths = {"image": [image.path for image in images]}
        return datasets.Dataset.from_dict(paths, features=datasets.Features(image=datasets.Image(decode=False)))
