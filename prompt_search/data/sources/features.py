"""Ready image features with labels: arrays of numpy, safetensors, folders of clip-retrieval.

Nothing pickled is ever loaded. The features must be those of the image-text model that is named: their width is
compared with it, more can't be.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluators.errors import DataError
from evaluators.models.image_text_model import FloatArray
from prompt_search.data.layouts.image_source import ImageFile, Listing
from prompt_search.data.names.printable import listed, printable
from prompt_search.data.sources.reading import (
    COLUMNS,
    Reading,
    given_roles,
    ids_of_numbers,
    label_text,
    refuse_unused,
    too_few,
)

__all__ = [
    "FEATURE_ENDINGS",
    "Features",
    "is_clip_retrieval",
    "list_clip_retrieval",
    "list_feature_files",
    "list_features",
]

FEATURE_ENDINGS = (".npz", ".npy", ".safetensors")
FEATURE_WORDS = ("features", "image_features", "embeddings", "image_embeddings", "img_emb", "embs", "emb", "feats", "x")
LABEL_WORDS = ("labels", "label", "targets", "target", "y", "classes", "class")
NAME_WORDS = ("class_names", "classnames", "names", "categories")
ID_WORDS = ("image_ids", "ids", "paths", "image_paths", "filenames", "files")
SPLIT_WORDS = ("splits", "split")
CLIP_RETRIEVAL = ("img_emb", "metadata")

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Image features with labels, to be searched on in the place of images.

    Attributes:
        embeddings: [N, D] numbers, in any length: of the image tower of the model that the run names.
        labels: N class ids as text, or numbers of `class_names`.
        class_names: of the classes by number; without them numbers are the ids.
        image_ids: N names for messages; by default `row 0`, ...
        splits: N names of splits; without them the three are drawn.

    >>> Features(np.eye(4), ["cat", "dog", "cat", "dog"]).embeddings.shape
    (4, 4)
    """

    embeddings: ArrayLike
    labels: Sequence[Any] | NDArray[Any]
    class_names: Sequence[str] = ()
    image_ids: Sequence[str] = ()
    splits: Sequence[str] = ()


@dataclass(slots=True)
class _Rows:
    """Rows of features of several arrays, with what belongs to each."""

    embeddings: list[NDArray[Any]] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)


def list_features(features: Features, reading: Reading, where: str = "the features") -> Listing:
    """List features given as arrays; rows of no use are named and left out.

    Raises:
        DataError: if the shapes disagree, there are fewer than two classes, or splits of no use.
    """
    refuse_unused(reading, (), where, "features are given with their labels")
    embeddings = np.asarray(features.embeddings)
    n = len(embeddings)
    if embeddings.ndim != 2 or embeddings.dtype.kind not in "fiu":
        raise DataError(f"{where} must be numbers [N, D], got {embeddings.dtype} {list(embeddings.shape)}")
    for what, given in (("labels", features.labels), ("image ids", features.image_ids), ("splits", features.splits)):
        if len(given) != n and (what == "labels" or len(given)):
            raise DataError(f"{where}: {n} rows of features and {len(given)} {what}")
    rows = _Rows(
        [embeddings], _plain(features.labels), list(map(str, features.image_ids)), list(map(str, features.splits))
    )
    return _listing(rows, list(map(str, features.class_names)), reading, where)


def list_feature_files(paths: Sequence[Path], where: Path, reading: Reading) -> Listing:
    """List features in `.npz`, `.npy` or `.safetensors` files.

    What an array is is told from its name, or a `.npy` file's: `features` or `embeddings` [N, D], `labels` [N], maybe
    `class_names`, `image_ids`, `splits`; `train_features`, `train_labels`, ... are splits.

    Args:
        paths: absolute paths. A single `.npy` of features is read with the labels that lie beside it.
        where: the file or folder that a person gave.
        reading: names of arrays (`image_column` for features, `label_column`), split map.

    Raises:
        DataError: if a file can't be read, holds Python objects, or no features and labels are found in it.
    """
    refuse_unused(reading, COLUMNS, printable(str(where)), "it holds arrays")
    arrays: dict[str, NDArray[Any]] = {}
    for path in paths:
        arrays |= _arrays(path)
    if len(paths) == 1 and paths[0].suffix.lower() == ".npy" and not _grouped(arrays, LABEL_WORDS, 1):
        beside = [
            file for file in sorted(paths[0].parent.glob("*.npy")) if file != paths[0] and _is_beside(file, paths[0])
        ]
        for file in beside:
            arrays |= _arrays(file)
    rows, names = _assembled(arrays, reading, printable(str(where)))
    return _listing(rows, names, reading, printable(str(where)))


def is_clip_retrieval(folder: Path) -> bool:
    """Whether clip-retrieval's inference wrote this folder: `img_emb/*.npy` and `metadata/*.parquet`."""
    return all((folder / name).is_dir() for name in CLIP_RETRIEVAL) and any((folder / "img_emb").glob("*.npy"))


def list_clip_retrieval(folder: Path, reading: Reading) -> Listing:
    """List features that `clip-retrieval inference` wrote.

    Labels are in a column of the metadata; without one, the folders of `image_path` are the classes, which is noted.

    Raises:
        DataError: if parts are missing or disagree, or there is no column of labels.
    """
    import pyarrow.parquet as pq

    refuse_unused(reading, ("label_column",), printable(str(folder)), "it is a folder of clip-retrieval")
    rows, notes = _Rows(), []
    for number, path in sorted((_number(path), path) for path in (folder / "img_emb").glob("*.npy")):
        table = next((each for each in (folder / "metadata").glob("*.parquet") if _number(each) == number), None)
        if table is None:
            raise DataError(
                f"{printable(str(path))} has no metadata of its number in {printable(str(folder / 'metadata'))}"
            )
        try:
            cells = pq.read_table(table).to_pydict()
        except (OSError, ValueError) as error:
            raise DataError(f"{printable(str(table))} can't be read: {printable(str(error))}") from error
        rows.embeddings.append(next(iter(_arrays(path).values())))
        labels, note = _clip_retrieval_labels(cells, reading, printable(str(table)))
        rows.labels += labels
        rows.ids += [str(each) for each in cells.get("image_path", cells.get("key", ()))]
        notes.append(note)
    return _listing(rows, [], reading, printable(str(folder)), tuple(dict.fromkeys(filter(None, notes))))


def _clip_retrieval_labels(cells: Mapping[str, list[Any]], reading: Reading, where: str) -> tuple[list[Any], str]:
    stated = reading.label_column
    found = (
        stated
        if stated in cells
        else next((word for word in ("label", "cls", "class", "target") if word in cells), None)
    )
    if stated is not None and stated not in cells:
        raise DataError(f"{where} has no column {listed([stated])}, only {listed(list(cells))}")
    if found is not None:
        return cells[found], f"labels are the column {listed([found])} of the metadata"
    folders = [re.split(r"[\\/]", str(path))[-2:-1] for path in cells.get("image_path", ())]
    if not folders or not all(folders) or not 1 < len({each[0] for each in folders}) <= len(folders) // 2:
        raise DataError(f"{where} has no column of labels, only {listed(list(cells))}; name one with --label-column")
    return [each[0] for each in folders], "there is no column of labels: the folders of image_path are read as classes"


def _number(path: Path) -> int:
    found = re.search(r"(\d+)$", path.stem)
    return int(found[1]) if found else -1


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file by their names; a `.npy` by the file's."""
    try:
        if path.suffix.lower() == ".safetensors":
            from safetensors import safe_open

            with safe_open(path, framework="pt") as opened:
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
            return {name: (t.float() if t.is_floating_point() else t).numpy() for name, t in tensors.items()}
        if path.suffix.lower() == ".npy":
            return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False)}
        # Given the path, numpy leaves the file of a damaged archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:
        pickled = "pickle" in str(error)
        why = (
            "it holds Python objects, which are never loaded: save plain arrays"
            if pickled
            else printable(str(error))[:200]
        )
        raise DataError(f"{printable(str(path))} can't be read as features: {why}") from error


def _is_beside(file: Path, features: Path) -> bool:
    """Whether a file of labels, names or ids belongs to a file of features, by their names."""
    rest, own = _bare(file.stem, (*LABEL_WORDS, *NAME_WORDS, *ID_WORDS)), _bare(features.stem, FEATURE_WORDS)
    return rest is not None and rest in (own, "", features.stem.lower())


def _bare(name: str, words: Iterable[str]) -> str | None:
    """A name without one of these words; None if it has none."""
    plain = re.sub(r"[\W_]+", "_", name.lower()).strip("_")
    for word in sorted(words, key=len, reverse=True):
        if re.search(rf"(^|_){word}(_|$)", plain):
            return re.sub(rf"(^|_){word}(_|$)", "_", plain, count=1).strip("_")
    return None


def _grouped(arrays: Arrays, words: Iterable[str], ndim: int, stated: str | None = None) -> dict[str, NDArray[Any]]:
    """Arrays of a kind by the rest of their names, which is that of their split."""
    if stated is not None:
        return {"": arrays[stated]} if stated in arrays else {}
    found = {_bare(name, words): array for name, array in arrays.items() if array.ndim == ndim}
    return {rest: array for rest, array in found.items() if rest is not None}


def _assembled(arrays: Arrays, reading: Reading, where: str) -> tuple[_Rows, list[str]]:
    for option, stated in (("--image-column", reading.image_column), ("--label-column", reading.label_column)):
        if stated is not None and stated not in arrays:
            raise DataError(f"{where} has no array {listed([stated])} ({option}), only {listed(list(arrays))}")
    features = _grouped(arrays, FEATURE_WORDS, 2, reading.image_column)
    matrices = {name: array for name, array in arrays.items() if array.ndim == 2 and array.dtype.kind == "f"}
    if not features and len(matrices) == 1:
        features = {"": next(iter(matrices.values()))}
    used = {id(array) for array in features.values()}
    names = list(_grouped(arrays, NAME_WORDS, 1).values())
    rest = {name: array for name, array in arrays.items() if id(array) not in used | {id(array) for array in names}}
    labels = _grouped(rest, LABEL_WORDS, 1, reading.label_column)
    found = {split: array for split, array in features.items() if split in labels and len(array) == len(labels[split])}
    if (
        len(features) == len(labels) == 1
        and not found
        and len(lone := next(iter(features.values()))) == len(next(iter(labels.values())))
    ):
        found, labels = {"": lone}, {"": next(iter(labels.values()))}
    if not found:
        shapes = ", ".join(f"{printable(name)} {list(array.shape)}" for name, array in list(arrays.items())[:8])
        raise DataError(
            f"{where} has no features [N, D] with labels [N] of the same name; it holds {shapes}. Call them "
            "features and labels (or train_features, train_labels, ...), or name them with --image-column and "
            "--label-column"
        )
    ids, splits = _grouped(rest, ID_WORDS, 1), _grouped(rest, SPLIT_WORDS, 1)
    rows = _Rows()
    for split, array in sorted(found.items()):
        rows.embeddings.append(array)
        rows.labels += _plain(labels[split])
        own = ids.get(split)
        prefix = f"{split}/" if len(found) > 1 else ""
        named = _plain(own) if own is not None and len(own) == len(array) else [f"row {i}" for i in range(len(array))]
        rows.ids += [f"{prefix}{each}" for each in named]
        column = splits.get("") if len(found) == 1 else None
        whole = column is not None and len(column) == len(array)
        rows.splits += list(map(str, _plain(column))) if column is not None and whole else [split] * len(array)
    return rows, [str(name) for name in _plain(names[0])] if names else []


def _plain(values: Any) -> list[Any]:  # noqa: ANN401 - an array or a sequence
    """As Python values; bytes, as numpy keeps short texts, as texts."""
    listed_values: list[Any] = np.asarray(values).tolist() if isinstance(values, np.ndarray) else list(values)
    plain = [value.item() if hasattr(value, "item") else value for value in listed_values]
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in plain]


def _listing(rows: _Rows, names: Sequence[str], reading: Reading, where: str, notes: tuple[str, ...] = ()) -> Listing:
    widths = {array.shape[1] for array in rows.embeddings}
    if len(widths) != 1:
        raise DataError(f"{where} has features of several widths: {sorted(widths)}; they are of one model")
    features: FloatArray = np.concatenate([np.asarray(array, dtype=np.float32) for array in rows.embeddings])
    if not len(features) == len(rows.labels):
        raise DataError(f"{where}: {len(features)} rows of features and {len(rows.labels)} labels")
    ids = rows.ids if len(rows.ids) == len(features) else [f"row {i}" for i in range(len(features))]
    if len(set(ids)) < len(ids):
        ids = [f"row {i}: {image_id}" for i, image_id in enumerate(ids)]
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(features.astype(np.float64), axis=1)
    by_number = ids_of_numbers(names) if names else {}
    labels = [_label(value, by_number) for value in rows.labels]
    splits = rows.splits if len(rows.splits) == len(features) else [""] * len(features)
    roles = given_roles({s for s, label in zip(splits, labels, strict=True) if label} or {""}, reading.splits(), where)
    unreadable: list[tuple[str, str]] = []
    unlabelled: list[tuple[str, str]] = []
    images: list[ImageFile] = []
    unit: list[int] = []
    for i, (image_id, label, split) in enumerate(zip(ids, labels, splits, strict=True)):
        if label is None:
            unlabelled.append((image_id, f"its label is {printable(repr(rows.labels[i]))[:60]}, which is no class"))
        elif not np.isfinite(lengths[i]) or lengths[i] == 0:
            unreadable.append(
                (image_id, "its features are all zero" if lengths[i] == 0 else "its features are not finite")
            )
        elif split in roles.roles:
            content = hashlib.sha256(features[i].tobytes()).digest()
            images.append(ImageFile(image_id, label, roles.roles[split], where, 0, 0, len(unit), content))
            unit.append(i)
    class_ids = tuple(sorted({image.class_id for image in images}))
    if len(class_ids) < 2:
        raise DataError(f"{where} has {too_few(class_ids)}; two are needed")
    called = {by_number[number]: name for number, name in enumerate(names)} if names else {}
    told = f"{len(features)} ready features of width {features.shape[1]}: no picture is opened"
    return Listing(
        class_ids=class_ids,
        images=tuple(sorted(images, key=lambda image: image.id)),
        given=roles.given,
        names={class_id: called[class_id] for class_id in class_ids if called.get(class_id, class_id) != class_id},
        unreadable=tuple(unreadable),
        unlabelled=tuple(unlabelled),
        notes=(told, *notes, *roles.notes),
        warnings=roles.warnings,
        features=np.asarray(features[unit] / lengths[unit, None], dtype=np.float32),
    )


def _label(value: object, by_number: Mapping[int, str]) -> str | None:
    text = label_text(value)
    if text is None or not by_number:
        return text
    if text.isdecimal():
        return by_number.get(int(text))
    return text if text in by_number.values() else None
