"""Data sets that are Python objects: of torch, of `datasets`, sequences of (picture, label), arrays of features."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluators.errors import DataError
from prompt_search.data.layouts.image_source import ImageFile, Listing, Undecoded
from prompt_search.data.names.printable import listed, printable
from prompt_search.data.sources.features import Features, list_features
from prompt_search.data.sources.reading import (
    COLUMNS,
    Reading,
    given_roles,
    ids_of_numbers,
    label_text,
    refuse_unused,
    too_few,
)
from prompt_search.data.sources.tables import Part, list_parts, stamp_of

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["OwnData"]

PAIR = 2
CHANNELS = (1, 3, 4)
DEEPEST_WIDTH = 3


class OwnData:
    """A data set of the user's own, listed once.

    Args:
        given: a `torch.utils.data.Dataset` or any sequence of (PIL picture or array, label); a `datasets.Dataset`;
            `Features`; or a mapping from names of splits to such.

    Attributes:
        name: what it is called in files and messages.
        given: the object.

    Raises:
        DataError: if it is nothing of the kind.

    >>> OwnData([1, 2]).name
    'list'
    """

    def __init__(self, given: object) -> None:
        self.name = type(given).__name__
        self.given = given
        self._listed: tuple[Reading, Listing] | None = None
        parts = list(given.values()) if isinstance(given, Mapping) else [given]
        if not parts or not all(isinstance(part, Features) or _is_sequence(part) for part in parts):
            raise DataError(
                f"data can't be a {self.name}: give a path, a torch Dataset or sequence of (picture, label), a "
                "datasets.Dataset, Features, or a mapping from split names to one of these"
            )

    def list(self, reading: Reading) -> Listing:
        """List its classes and images; a sequence is gone through once, its pictures are not kept.

        Raises:
            DataError: see `list_parts` and `list_features`.
        """
        if self._listed is None or self._listed[0] != reading:
            self._listed = reading, self._list(reading)
        return self._listed[1]

    def _list(self, reading: Reading) -> Listing:
        splits: Mapping[Any, Any] = self.given if isinstance(self.given, Mapping) else {"": self.given}
        kinds = {
            "features" if isinstance(p, Features) else "table" if _is_table(p) else "pairs" for p in splits.values()
        }
        if kinds == {"features"}:
            return list_features(_joined({str(name): part for name, part in splits.items()}), reading)
        if kinds == {"table"}:
            refuse_unused(reading, COLUMNS, f"the {self.name}", "it is a table on this machine")
            parts = [
                Part(str(name), table, _stamp(str(name), table), f"{name}/" if len(splits) > 1 else "")
                for name, table in splits.items()
            ]
            return list_parts(parts, reading, f"the {self.name}")
        if kinds != {"pairs"}:
            raise DataError(f"the splits of the {self.name} are of different kinds: {listed(sorted(kinds))}")
        return _list_pairs({str(name): part for name, part in splits.items()}, reading, f"the {self.name}")


def _is_sequence(given: object) -> bool:
    return not isinstance(given, str | bytes | Mapping) and hasattr(given, "__len__") and hasattr(given, "__getitem__")


def _is_table(given: object) -> bool:
    return hasattr(given, "features") and hasattr(given, "cast_column") and hasattr(given, "select")


def _stamp(name: str, table: Any) -> tuple[str, int, int]:  # noqa: ANN401 - a datasets.Dataset, which has no types
    """Of a table in memory the fingerprint that `datasets` keeps of what was done to it."""
    told = f"datasets:{table._fingerprint}:{name}"
    return stamp_of(told, [Path(file["filename"]) for file in table.cache_files])


def _joined(splits: Mapping[str, Features]) -> Features:
    """Features by split as one, with a column of splits."""
    if len(splits) == 1:
        return next(iter(splits.values()))
    parts = list(splits.items())
    names = {tuple(map(str, part.class_names)) for _, part in parts}
    if len(names) > 1:
        raise DataError("the splits of the features have different class names")
    ids = [
        f"{split}/{part.image_ids[i] if len(part.image_ids) else f'row {i}'}"
        for split, part in parts
        for i in range(len(np.asarray(part.embeddings)))
    ]
    return Features(
        np.concatenate([np.asarray(part.embeddings) for _, part in parts]),
        [label for _, part in parts for label in np.asarray(part.labels).tolist()],
        next(iter(names)),
        ids,
        [split for split, part in parts for _ in range(len(np.asarray(part.embeddings)))],
    )


class _PairReader:
    """Takes pictures out of sequences again, as they were when they were listed."""

    in_order = False

    def __init__(self, splits: Mapping[str, Any]) -> None:
        self._splits = splits

    def read(self, images: Sequence[ImageFile]) -> Iterator[Undecoded | None]:
        for image in images:
            item = self._splits[image.path][image.row]
            data = _bytes(item[0])
            if hashlib.sha256(data).digest() != image.content:
                raise DataError(
                    f"image {listed([image.id])} is another one each time it is taken: leave random transforms out "
                    "of the data set, the model has its own preprocessing"
                )
            yield {"bytes": data, "path": None}


def _list_pairs(splits: Mapping[str, Any], reading: Reading, where: str) -> Listing:
    refuse_unused(reading, (), where, "it gives pictures with their labels")
    images: list[tuple[str, ImageFile]] = []
    left_out: list[tuple[str, str]] = []
    called = _class_names(splits, where)
    ids = ids_of_numbers(called) if called else {}
    for split, pairs in splits.items():
        prefix = f"{split}/" if len(splits) > 1 else ""
        for row in range(len(pairs)):
            found = _pair(pairs, row, ids)
            image_id = f"{prefix}row {row}"
            if isinstance(found, str):
                left_out.append((image_id, found))
            else:
                data, label = found
                images.append(
                    (split, ImageFile(image_id, label, None, split, 0, 0, row, hashlib.sha256(data).digest()))
                )
    class_ids = tuple(sorted({image.class_id for _, image in images}))
    if len(class_ids) < 2:
        why = f"; left out were {len(left_out)}, the first: {left_out[0][1]}" if left_out else ""
        raise DataError(f"{where} has {too_few(class_ids)}; two are needed{why}")
    roles = given_roles({split for split, _ in images}, reading.splits(), where)
    kept = [replace(image, given=roles.roles[split]) for split, image in images if split in roles.roles]
    names = {ids[number]: name for number, name in enumerate(called)} if called else {}
    return Listing(
        class_ids=tuple(sorted({image.class_id for image in kept})),
        images=tuple(sorted(kept, key=lambda image: image.id)),
        given=roles.given,
        names={class_id: name for class_id, name in names.items() if name != class_id and class_id in class_ids},
        unlabelled=tuple(left_out),
        notes=roles.notes,
        warnings=roles.warnings,
        reader=_PairReader(splits),
    )


def _class_names(splits: Mapping[str, Any], where: str) -> list[str]:
    """What the data set calls its classes by number, as those of torchvision do."""
    found = [
        list(map(str, names))
        for part in splits.values()
        if isinstance(names := getattr(part, "classes", None), list | tuple)
    ]
    if any(names != found[0] for names in found):
        raise DataError(f"the splits of {where} have different classes")
    return found[0] if found else []


def _pair(pairs: Any, row: int, ids: Mapping[int, str]) -> tuple[bytes, str] | str:  # noqa: ANN401 - the user's own
    """The bytes and the class of an item, or what is wrong with it."""
    try:
        item = pairs[row]
    except Exception as error:  # noqa: BLE001 - code of the user's own: whatever it raises is the fault of this row
        return f"taking it failed: {type(error).__name__}: {printable(str(error))[:120]}"
    if not isinstance(item, tuple | list) or len(item) != PAIR:
        return f"it is no pair (picture, label), but a {type(item).__name__}"
    picture, value = item
    plain = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    label = label_text(plain)
    if label is not None and ids and isinstance(plain, int):
        label = ids.get(plain)
    if label is None:
        return f"its label is {printable(repr(value))[:60]}, which is no class"
    try:
        return _bytes(picture), label
    except (TypeError, ValueError, OSError) as error:
        return f"its picture can't be used: {printable(str(error))[:160]}"


def _bytes(picture: Any) -> bytes:  # noqa: ANN401 - a PIL picture or an array
    """A picture as the bytes of a file that holds exactly its pixels.

    Raises:
        TypeError: if it is no picture.
    """
    from PIL import Image

    if not isinstance(picture, Image.Image):
        picture = _from_array(picture)
    file = io.BytesIO()
    if picture.mode in ("RGB", "L") and not picture.has_transparency_data:
        picture.save(file, "PPM")  # the same bytes with every version of everything
    elif picture.mode == "F":
        picture.save(file, "TIFF")
    else:
        plain = picture if picture.mode in ("1", "LA", "I", "I;16", "P", "RGBA", "L", "RGB") else picture.convert("RGB")
        plain.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _from_array(given: Any) -> "Image.Image":  # noqa: ANN401
    from PIL import Image

    if type(given).__module__.split(".")[0] == "torch":
        raise TypeError(
            "it is a tensor, made for a model: give PIL pictures or arrays (torchvision: a data set without transform)"
        )
    array = np.asarray(given)
    if array.dtype.kind not in "uifb" or array.ndim not in (2, DEEPEST_WIDTH):
        raise TypeError(f"it is no picture: {type(given).__name__} of shape {list(array.shape)}")
    if array.ndim == DEEPEST_WIDTH and array.shape[2] not in CHANNELS:
        raise TypeError(f"an array must be [H, W] or [H, W, 1, 3 or 4], got {list(array.shape)}")
    if array.ndim == DEEPEST_WIDTH and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    if array.dtype == np.uint16 and array.ndim == 2:
        return Image.fromarray(array)
    if array.dtype != np.uint8:
        raise TypeError(f"an array must be uint8 (0 to 255), got {array.dtype}")
    return Image.fromarray(np.ascontiguousarray(array))
