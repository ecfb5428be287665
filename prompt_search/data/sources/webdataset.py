"""Tar files as WebDataset has them: files of one name and several endings are one sample.

Nothing is ever unpacked, so no name in a tar is ever a path: names are only what samples are called.
"""

import json
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from evaluators.errors import DataError
from prompt_search.data.layouts.folder_reader import names_within
from prompt_search.data.layouts.image_source import ImageFile, Listing, Undecoded
from prompt_search.data.names.printable import listed, printable
from prompt_search.data.names.split_names import split_role, split_word
from prompt_search.data.pictures.open_picture import is_picture_name
from prompt_search.data.sources.reading import (
    COLUMNS,
    Reading,
    given_roles,
    ids_of_numbers,
    label_text,
    refuse_unused,
    too_few,
)

__all__ = ["TAR_ENDINGS", "is_tar_name", "list_tars", "tars_in"]

TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
LABELS = ("cls", "cls.txt", "label", "label.txt", "class", "class.txt", "index", "target")
IN_JSON = ("label", "cls", "class", "target")
CLASS_NAMES = "classnames.txt"
MOST_LABEL_BYTES = 2**20
MOST_PICTURE_BYTES = 2**28
_TAR_ERRORS = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the bytes of a picture are: in a plain tar at an offset, in a packed one only by their number."""

    tar: Path
    offset: int
    size: int
    packed: bool


@dataclass(slots=True)
class _Sample:
    """The files of one name: pictures by ending, and the label by ending."""

    pictures: dict[str, _Place] = field(default_factory=dict)
    labels: dict[str, bytes] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class _TarReader:
    """Reads pictures at their places; of a packed tar forwards, from its beginning again where that is needed."""

    def __init__(self, places: Mapping[tuple[str, int | None], _Place]) -> None:
        self._places = places
        self.in_order = any(place.packed for place in places.values())

    def read(self, images: Sequence[ImageFile]) -> Iterator[Undecoded | None]:
        opened: tuple[Path, IO[bytes]] | None = None
        try:
            for image in images:
                place = self._places[image.path, image.row]
                if opened is None or opened[0] != place.tar:
                    if opened is not None:
                        opened[1].close()
                    opened = place.tar, _unpacked(place.tar) if place.packed else place.tar.open("rb")
                opened[1].seek(place.offset)  # of a packed tar: the offset in what is unpacked
                yield {"bytes": opened[1].read(place.size), "path": None}
        except _TAR_ERRORS as error:
            raise DataError(f"{printable(str(images[0].path))} can't be read any more: {error}") from error
        finally:
            if opened is not None:
                opened[1].close()


def is_tar_name(name: str) -> bool:
    """Whether a file of this name is a tar."""
    return name.lower().endswith(TAR_ENDINGS)


def tars_in(folder: Path) -> list[Path]:
    """The tar files in a folder and in those inside."""
    found = [
        Path(home, name) for home, _, files in names_within(folder, levels=1) for name in files if is_tar_name(name)
    ]
    return sorted(file for file in found if file.is_file())


def list_tars(tars: Sequence[Path], root: Path, reading: Reading) -> Listing:
    """List the classes and images of tar files.

    A sample is a picture with a label (`cls`, `cls.txt`, ..., or `label` in a `json`) of the same name up to the first
    dot. Labels are class ids, or numbers of the lines of a `classnames.txt` beside the tars or above. The splits are
    the folders that tars lie in, or words in the tars' own names.

    Args:
        tars: absolute paths.
        root: the folder that ids of images begin from.
        reading: endings of pictures and labels, split map.

    Raises:
        DataError: if a tar can't be opened, no sample has both, fewer than two classes, or splits of no use.
    """
    where = printable(str(root))
    refuse_unused(reading, COLUMNS, where, "pictures and labels lie in tar files")
    samples: dict[tuple[Path, str], _Sample] = {}
    warnings: list[str] = []
    for tar in tars:
        samples |= {(tar, key): sample for key, sample in _samples(tar, reading, warnings).items()}
    named = _class_names(root, tars)
    ids = ids_of_numbers(named) if named else {}
    labels = {place: _label(sample, reading, ids) for place, sample in samples.items()}
    splits = {tar: _split_of(tar, root) for tar in tars}
    good = {splits[tar] for (tar, _), (label, _) in labels.items() if label is not None}
    if not good:
        why = next((f": {why}" for _, why in labels.values()), "")
        raise DataError(
            f"{where}: no picture in the tar files has a label{why}; a sample is a picture and a file of the same name "
            "with the ending cls (a tar of class folders must be unpacked)"
        )
    roles = given_roles(good, reading.splits(), where)
    images: list[ImageFile] = []
    places: dict[tuple[str, int | None], _Place] = {}
    left_out: list[tuple[str, str]] = []
    stamps = {tar: tar.stat() for tar in tars}
    for (tar, key), sample in samples.items():
        label, why = labels[tar, key]
        image_id = f"{tar.relative_to(root).as_posix() if tar.is_relative_to(root) else tar.name}/{key}"
        if label is None:
            left_out.append((image_id, why))
        elif splits[tar] in roles.roles:
            status = stamps[tar]
            place = _picture(sample, reading)
            images.append(
                ImageFile(
                    image_id,
                    label,
                    roles.roles[splits[tar]],
                    str(tar),
                    status.st_size,
                    status.st_mtime_ns,
                    place.offset,
                )
            )
            places[str(tar), place.offset] = place
    class_ids = tuple(sorted({image.class_id for image in images}))
    if len(class_ids) < 2:
        raise DataError(f"{where} has {too_few(class_ids)}; two are needed")
    by_id = {ids[number]: name for number, name in enumerate(named)} if named else {}
    return Listing(
        class_ids=class_ids,
        images=tuple(sorted(images, key=lambda image: image.id)),
        given=roles.given,
        numbers={class_id: number for number, class_id in ids.items()},
        names={class_id: by_id[class_id] for class_id in class_ids if by_id.get(class_id, class_id) != class_id},
        unlabelled=tuple(left_out),
        notes=(
            f"{len(tars)} tar file{'s' * (len(tars) != 1)} of samples are read"
            + (f", classes from {CLASS_NAMES}" if named else ""),
            *roles.notes,
        ),
        warnings=(*warnings, *roles.warnings),
        reader=_TarReader(places),
    )


def _samples(tar: Path, reading: Reading, warnings: list[str]) -> dict[str, _Sample]:
    """The samples of a tar by their names; what comes before it is cut off is kept."""
    found: dict[str, _Sample] = {}
    packed = _is_packed(tar)
    try:
        with tarfile.open(tar) as opened:
            for member in opened:
                if member.isreg():
                    _take(found, tar, opened, member, reading, packed)
    except _TAR_ERRORS as error:
        if not found:
            raise DataError(f"{printable(str(tar))} can't be read as a tar file: {printable(str(error))}") from error
        warnings.append(
            f"{printable(tar.name)} is cut off after {len(found)} samples ({printable(str(error))}): these are read"
        )
    return found


def _take(
    found: dict[str, _Sample],
    tar: Path,
    opened: tarfile.TarFile,
    member: tarfile.TarInfo,
    reading: Reading,
    packed: bool,
) -> None:
    folder, _, name = member.name.rpartition("/")
    stem, _, ending = name.partition(".")
    if not stem or not ending:
        return
    sample = found.setdefault(f"{folder}/{stem}" if folder else stem, _Sample())
    ending = ending.lower()
    if ending in sample.pictures or ending in sample.labels:
        sample.faults.append(f"the tar has two files {listed([member.name])}")
    elif is_picture_name(f"x.{ending}") or ending == reading.image_column:
        if member.size > MOST_PICTURE_BYTES or member.issparse():
            sample.faults.append(f"its picture would have {member.size} bytes")
        sample.pictures[ending] = _Place(tar, member.offset_data, member.size, packed)
    elif ending in (*LABELS, "json") or ending == reading.label_column:
        if member.size > MOST_LABEL_BYTES:
            sample.faults.append(f"its label would have {member.size} bytes")
            return
        file = opened.extractfile(member)
        sample.labels[ending] = file.read() if file is not None else b""


def _label(sample: _Sample, reading: Reading, ids: Mapping[int, str]) -> tuple[str | None, str]:
    """The class of a sample, or why it has none."""
    if sample.faults:
        return None, sample.faults[0]
    if not sample.pictures or (reading.image_column and reading.image_column not in sample.pictures):
        return None, "it has a label and no picture"
    if len([ending for ending in sample.pictures if "." not in ending]) > 1 and not reading.image_column:
        return None, f"it has several pictures: {listed(sorted(sample.pictures))}; say which with --image-column"
    stated = reading.label_column
    endings = [ending for ending in ([stated] if stated else LABELS) if ending in sample.labels]
    if endings:
        return _read(sample.labels[endings[0]], ids)
    if "json" in sample.labels:
        return _from_json(sample.labels["json"], [stated] if stated else IN_JSON, ids)
    return None, f"it has no label (a file with the ending {stated or 'cls'})"


def _read(data: bytes, ids: Mapping[int, str]) -> tuple[str | None, str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None, "its label is no text"
    return _class(text.strip(), ids)


def _from_json(data: bytes, keys: Sequence[str], ids: Mapping[int, str]) -> tuple[str | None, str]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None, "its json is not valid"
    key = next((key for key in keys if isinstance(content, dict) and key in content), None)
    if key is None:
        return None, f"its json has no {listed(keys)}"
    return _class(content[key], ids)


def _class(value: object, ids: Mapping[int, str]) -> tuple[str | None, str]:
    text = label_text(value)
    if text is None or (text.startswith("-") and text[1:].isdecimal()):
        return None, f"its label is {printable(repr(value))[:60]}, which is no class"
    if ids and text.isdecimal():
        return ids.get(int(text)), f"its label is {text}, and {CLASS_NAMES} has {len(ids)} lines"
    if ids and text not in ids.values():
        return None, f"its label {listed([text])} is not in {CLASS_NAMES}"
    return text, ""


def _picture(sample: _Sample, reading: Reading) -> _Place:
    """The picture of a sample; `seg.png` beside `jpg` is something else."""
    if reading.image_column:
        return sample.pictures[reading.image_column]
    return sample.pictures[min(sample.pictures, key=lambda ending: (ending.count("."), ending))]


def _split_of(tar: Path, root: Path) -> str:
    """The split a tar belongs to: its folder's, or the word for one in its name; empty if there is none."""
    if tar.parent != root and split_role(tar.parent.name):
        return tar.parent.name
    return split_word(tar.name.partition(".")[0]) or ""


def _class_names(root: Path, tars: Sequence[Path]) -> list[str]:
    folders = dict.fromkeys([root, *(tar.parent for tar in tars), *(tar.parent.parent for tar in tars)])
    file = next((folder / CLASS_NAMES for folder in folders if (folder / CLASS_NAMES).is_file()), None)
    if file is None:
        return []
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8-sig").rstrip().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{printable(str(file))} can't be read: {error}") from error


def _is_packed(tar: Path) -> bool:
    with tar.open("rb") as file:
        return file.read(6).startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ"))


def _unpacked(tar: Path) -> IO[bytes]:
    import bz2
    import gzip
    import lzma

    with tar.open("rb") as file:
        begins = file.read(6)
    if begins.startswith(b"\x1f\x8b"):
        return gzip.open(tar)  # type: ignore[return-value]
    return bz2.open(tar) if begins.startswith(b"BZh") else lzma.open(tar)
