"""What a data set is before any picture is opened: its classes, and where every image lies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from evaluators.prompts.prompt_set import ClassLabel

if TYPE_CHECKING:
    from evaluators.models.image_text_model import FloatArray

__all__ = ["ROLES", "ImageFile", "ImageSource", "Listing", "PictureReader", "Role", "Undecoded"]

Role = Literal["search", "select", "test"]
ROLES: tuple[Role, ...] = get_args(Role)

Undecoded = Mapping[str, Any]
"""A picture as it lies there: `{"bytes", "path"}`, one of the two is None. Left undecoded because `datasets` turns
pictures by their EXIF orientation when it decodes, and open_clip, whose features the prompts will be used with, does
not."""


@dataclass(slots=True, unsafe_hash=True)
class ImageFile:
    """One image: where it lies and what it shows. Nobody changes one.

    There may be a hundred thousand, and a frozen one takes five times as long to make.

    Attributes:
        id: its path relative to the data folder with forward slashes, its path or row in a table, its key in a tar.
        class_id: the folder it lies in, or its label.
        given: the role its split folder or split column gives it; None if the roles are to be drawn.
        path: absolute path of the file that holds its bytes, or the name of what does.
        size, mtime_ns: of that file; both unchanged means that the bytes are taken for unchanged.
        row: its number or place in that file, None for a file of its own.
        content: SHA-256 of its bytes, 32 bytes; empty until `fingerprints.fingerprint` has filled it in, unless the
            source knows it.
    """

    id: str
    class_id: str
    given: Role | None
    path: str
    size: int
    mtime_ns: int
    row: int | None = None
    content: bytes = b""

    def having(self, content: bytes) -> "ImageFile":
        """The same with its content filled in."""
        return ImageFile(self.id, self.class_id, self.given, self.path, self.size, self.mtime_ns, self.row, content)


class PictureReader(Protocol):
    """Gives the bytes of images that are no files of their own.

    Attributes:
        in_order: whether going back is slow: images are then best asked for as they were listed.
    """

    in_order: bool

    def read(self, images: Sequence[ImageFile]) -> Iterator[Undecoded | None]:
        """The pictures of these images, in this order; None for a row that has none.

        Raises:
            DataError: if the source can't be read any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source holds, before its classes have names. Every kind of source makes one: this is their protocol.

    Attributes:
        class_ids: sorted.
        images: sorted by id.
        given: the roles that the data's own splits give; empty if the roles are to be drawn.
        names: names that the data itself gives its classes, by class id; may be empty.
        numbers: the numbers that the data itself gives its classes, by class id; may be empty.
        unreadable: image ids with the reason why they can't be read.
        unlabelled: rows that are left out since they name no picture or no class, with the reason.
        ignored: files that are no pictures.
        notes: what was recognised and how it was read.
        warnings: what a person should know.
        base: the folder whose `classes.json` counts, if it is not the one that was given.
        reader: gives the pictures; None if each is a file of its own.
        features: [N, D] ready features, the rows of the images, in the place of pictures.
    """

    class_ids: tuple[str, ...]
    images: tuple[ImageFile, ...]
    given: frozenset[Role] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    unreadable: tuple[tuple[str, str], ...] = ()
    unlabelled: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    base: Path | None = None
    reader: PictureReader | None = None
    features: "FloatArray | None" = None


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A data set whose classes have names.

    Attributes:
        classes: C classes in order of their ids.
        others: as in `Listing`.
    """

    classes: tuple[ClassLabel, ...]
    images: tuple[ImageFile, ...]
    given: frozenset[Role] = frozenset()
    unreadable: tuple[tuple[str, str], ...] = ()
    unlabelled: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reader: PictureReader | None = None
    features: "FloatArray | None" = None

    def pictures(self, images: Iterable[ImageFile]) -> Iterator[Undecoded | None]:
        """The images as they lie there, in this order."""
        if self.reader is not None:
            return self.reader.read(list(images))
        return ({"bytes": None, "path": image.path} for image in images)
