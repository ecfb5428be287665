"""Tables of images, as `datasets` has them: Parquet and Arrow files, data sets of the hub, tables in memory."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evaluators.errors import DataError
from prompt_search.data.layouts.image_source import ImageFile, Listing, Role, Undecoded
from prompt_search.data.names.printable import counted, listed, printable
from prompt_search.data.names.split_names import split_word
from prompt_search.data.sources.reading import (
    COLUMNS,
    Reading,
    given_roles,
    ids_of_numbers,
    label_text,
    refuse_unused,
    too_few,
)

__all__ = ["Part", "Stamp", "list_parquet", "list_parts", "no_progress_bars", "stamp_of"]

IMAGE = ("image", "img", "images", "picture", "jpg", "jpeg", "png", "webp", "pixel_values", "image_bytes")
LABEL = ("label", "labels", "class", "category", "target", "cls", "y", "class_name", "label_name", "category_name")
ROWS_AT_ONCE = 1024

Stamp = tuple[str, int, int]
"""What says that the bytes are as they were: a name, a size, and a time or number."""


@dataclass(frozen=True, slots=True)
class Part:
    """One split of a table.

    Attributes:
        split: its name; empty if it has none.
        prefix: what ids of its images begin with.
        table: a `datasets.Dataset`, or an `IterableDataset` whose rows are streamed.
        stamp: see `Stamp`.
    """

    split: str
    table: Any
    stamp: Stamp
    prefix: str = ""

    @property
    def streamed(self) -> bool:
        """Whether its rows come only one after the other."""
        return not hasattr(self.table, "select")


@dataclass(frozen=True, slots=True)
class _Columns:
    image: str
    label: str
    name: str | None
    split: str | None


@dataclass(frozen=True, slots=True)
class _Row:
    image_id: str
    number: int
    part: Part
    label: str | None
    why: str
    split: str


class _TableReader:
    """Reads pictures of tables; those of a stream from where it stands, or from its beginning again."""

    def __init__(self, parts: Mapping[Stamp, Part], columns: _Columns) -> None:
        self._parts = parts
        self._image = columns.image
        self.in_order = any(part.streamed for part in parts.values())
        self._open: dict[Stamp, tuple[int, Iterator[Any]]] = {}

    def read(self, images: Sequence[ImageFile]) -> Iterator[Undecoded | None]:
        start = 0
        while start < len(images):
            stamp = _stamped(images[start])
            end = start
            while end < len(images) and _stamped(images[end]) == stamp:
                end += 1
            part, rows = self._parts[stamp], [image.row or 0 for image in images[start:end]]
            if part.streamed:
                yield from (self._streamed(part, row) for row in rows)
            else:
                for row in part.table.select(rows).select_columns(self._image):
                    yield row[self._image]
            start = end

    def _streamed(self, part: Part, wanted: int) -> Undecoded | None:
        at, rows = self._open.get(part.stamp, (0, iter(())))
        if part.stamp not in self._open or at > wanted:
            at, rows = 0, iter(part.table.select_columns([self._image]))
        with _stream_errors(part):
            for row in rows:
                at += 1
                if at == wanted + 1:
                    self._open[part.stamp] = (at, rows)
                    found: Undecoded | None = row[self._image]
                    return found
        raise DataError(f"{printable(part.stamp[0])}: its row {wanted} is not there any more")


def list_parquet(paths: Sequence[Path], cache_dir: Path | None = None, reading: Reading = Reading()) -> Listing:  # noqa: B008 - frozen
    """List the classes and images of Parquet or Arrow files, decoding none of them.

    Args:
        paths: absolute paths; several are the splits that words in their names say.
        cache_dir: where `datasets` keeps its memory-mapped copy of a Parquet file; None reads everything into memory.
        reading: columns and splits, see `list_parts`.

    Raises:
        DataError: if a file can't be read, or see `list_parts`.
    """
    several = len(paths) > 1
    refuse_unused(reading, COLUMNS, printable(str(paths[0])), "it is a table on this machine")
    parts = [
        Part(
            (split_word(path.stem) or "") if several else "",
            _opened(path, cache_dir),
            stamp_of(str(path), [path]),
            f"{path.name}/" if several else "",
        )
        for path in paths
    ]
    return list_parts(parts, reading, printable(str(paths[0].parent if several else paths[0])))


def list_parts(parts: Sequence[Part], reading: Reading, where: str) -> Listing:
    """List the classes and images of a table.

    The column of images is the one that is stated, of the `Image` feature, or called `image`, `img`, ...; that of
    labels the one that is stated, the only `ClassLabel`, or called `label`, `class`, ... Labels are class ids as text,
    numbers with names (`ClassLabel`: the names are the ids), or numbers. A column `name` has the class's name for
    prompts, a column `split` the splits, see `given_roles`. Image ids are the paths in the column, or `row N`.

    Args:
        parts: the splits.
        reading: columns, split map.
        where: the source, for messages.

    Raises:
        DataError: if there is no such column or no telling which, fewer than two classes, or splits of no use.
    """
    refuse_unused(reading, (*COLUMNS, "stream"), where, "it is read by its columns")
    if not parts:
        raise DataError(f"{where} holds no rows")
    columns = _columns(parts[0].table, reading, where)
    own = "" if columns.image == "image" else f"#{columns.image}"  # another column has other bytes in the same row
    parts = [
        replace(part, table=_undecoded(part.table, columns, where), stamp=(part.stamp[0] + own, *part.stamp[1:]))
        for part in parts
    ]
    names: dict[str, str] = {}
    rows = [row for part in parts for row in _rows(part, columns, names)]
    images, given, notes, warnings = _roles(rows, reading, where, columns)
    class_ids = tuple(sorted({image.class_id for image in images}))
    left_out = tuple((row.image_id, row.why) for row in rows if row.label is None)
    if len(class_ids) < 2:
        rows_are = counted(len(left_out), "row is left out", "rows are left out, the first")
        hint = f"; {rows_are}: {left_out[0][1]}" if left_out else ""
        raise DataError(f"{where} has {too_few(class_ids)}; two are needed{hint}")
    if any(part.streamed for part in parts):
        notes = (*notes, "its rows are streamed: pictures are read over the network each time, and none is kept")
    return Listing(
        class_ids=class_ids,
        images=tuple(sorted(images, key=lambda image: image.id)),
        given=given,
        names={class_id: names[class_id] for class_id in class_ids if class_id in names},
        numbers=_numbers(parts[0].table.features[columns.label], class_ids),
        unlabelled=left_out,
        notes=notes,
        warnings=warnings,
        reader=_TableReader({part.stamp: part for part in parts}, columns),
    )


def stamp_of(name: str, files: Iterable[Path]) -> Stamp:
    """The stamp of something that lies in these files."""
    seen = [file.stat() for file in files]
    return name, sum(each.st_size for each in seen), max((each.st_mtime_ns for each in seen), default=0)


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Keep the bars of `datasets` off the terminal."""
    import datasets

    enabled = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if enabled:
            datasets.enable_progress_bars()


@contextmanager
def _stream_errors(part: Part) -> Iterator[None]:
    import datasets
    import pyarrow as pa

    try:
        yield
    except (datasets.exceptions.DatasetsError, pa.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{printable(part.stamp[0])}: reading its rows failed ({printable(str(error))[:200]}); what is encoded is "
            "kept: give the same command again"
        ) from error


def _opened(path: Path, cache_dir: Path | None) -> Any:  # noqa: ANN401 - a datasets.Dataset, which has no types
    import datasets
    import pyarrow as pa

    kind = "Arrow" if path.suffix.lower() == ".arrow" else "Parquet"
    with tempfile.TemporaryDirectory() as scratch, no_progress_bars():
        try:
            if kind == "Arrow":
                return datasets.Dataset.from_file(str(path), in_memory=False)
            return datasets.Dataset.from_parquet(
                str(path), cache_dir=str(cache_dir or scratch), keep_in_memory=cache_dir is None
            )
        except (datasets.exceptions.DatasetsError, pa.ArrowException, OSError, ValueError, TypeError) as error:
            cause = error.__cause__ or error
            raise DataError(
                f"{printable(str(path))} can't be read as a {kind} file of images: {printable(str(cause))}"
            ) from error


def _columns(table: Any, reading: Reading, where: str) -> _Columns:  # noqa: ANN401
    features = table.features or {}
    names = list(features) or list(table.column_names or ())
    kinds = {name: type(features[name]).__name__ for name in features}
    by_kind = {kind: [name for name in names if kinds.get(name) == kind] for kind in ("Image", "ClassLabel")}
    preferred = [name for name in reading.preferred if name in names]
    pictures = [name for name in preferred if name in by_kind["Image"]] or by_kind["Image"]
    image = _column("image", reading.image_column, names, pictures, IMAGE, where)
    labels = [name for name in preferred if name != image] or by_kind["ClassLabel"]
    label = _column("label", reading.label_column, names, labels, LABEL, where)
    others = {name: name for name in names if name not in (image, label)}
    return _Columns(image, label, others.get("name"), others.get("split"))


def _column(
    use: str, stated: str | None, names: Sequence[str], kind: Sequence[str], usual: Iterable[str], at: str
) -> str:
    """The column that is stated, the only one of its kind, or the first of a usual name."""
    option = f"--{use}-column"
    if stated is not None:
        if stated not in names:
            raise DataError(f"{at} has no column {listed([stated])} ({option}), only {listed(names)}")
        return stated
    plain = {name.lower(): name for name in reversed(names)}
    called = [plain[word] for word in usual if word in plain]
    if len(kind) == 1:
        return kind[0]
    both = [name for name in called if name in kind]
    if both or (called and not kind):
        return (both or called)[0]
    if kind:
        raise DataError(f"{at} has several columns of {use}s, {listed(kind)}; say which with {option} {kind[0]}")
    raise DataError(f"{at} has no column {listed([use])}, only {listed(names)}; name yours with {option}")


def _undecoded(table: Any, columns: _Columns, where: str) -> Any:  # noqa: ANN401
    import datasets
    import pyarrow as pa

    if table.features is None:
        raise DataError(f"{where} does not say what its columns are, so it can't be streamed: --no-stream downloads it")
    try:
        return table.cast_column(columns.image, datasets.Image(decode=False))
    except (pa.ArrowException, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{where}: the column {listed([columns.image])} holds no pictures ({printable(str(error))[:120]}); "
            "name the one that does with --image-column"
        ) from error


def _rows(part: Part, columns: _Columns, names: dict[str, str]) -> Iterator[_Row]:
    """Every row by its label; a name for a class that contradicts an earlier one is a fault of that row."""
    text = _labels(part.table.features[columns.label], names)
    # A stream is asked for by its order, which is then that of the ids.
    numbered = "row {:08d}" if part.streamed else "row {}"
    paths = _paths(part.table, columns.image) if not part.streamed else None
    ids = [path or f"row {row}" for row, path in enumerate(paths)] if paths else []
    repeated = len(set(ids)) < len(ids)  # paths that repeat can't tell images apart
    for row, found in enumerate(_cells(part, [c for c in (columns.label, columns.name, columns.split) if c])):
        image_id = ids[row] if ids and not repeated else numbered.format(row) + (f": {ids[row]}" if repeated else "")
        label = text(found[columns.label])
        why = "" if label is not None else f"its label is {_shown(found[columns.label])}"
        if label is not None and columns.name is not None:
            why = _naming(label, found[columns.name], names)
        split = str(found[columns.split]) if columns.split else part.split
        yield _Row(part.prefix + image_id, row, part, None if why else label, why, split)


def _naming(label: str, name: object, names: dict[str, str]) -> str:
    """Note a class's name; say what is wrong with it."""
    if not isinstance(name, str) or not name.strip():
        return f"the name of its class {listed([label])} is blank"
    if names.setdefault(label, name) != name:
        return f"it calls class {listed([label])} {listed([name])}, others call it {listed([names[label]])}"
    return ""


def _labels(feature: Any, names: dict[str, str]) -> Callable[[Any], str | None]:  # noqa: ANN401
    """What makes a class id of a cell; notes names of classes that are known by their numbers."""
    called = getattr(feature, "names", None)
    if not called:
        return label_text
    ids = ids_of_numbers(list(map(str, called)))
    names.update({ids[i]: name for i, name in enumerate(called) if ids[i] != name and name.strip()})
    return lambda value: ids.get(value) if isinstance(value, int) else None


def _numbers(feature: Any, class_ids: Iterable[str]) -> dict[str, int]:  # noqa: ANN401
    """The numbers of classes: those of a `ClassLabel`, or the labels themselves where they all are numbers."""
    if called := getattr(feature, "names", None):
        return {class_id: number for number, class_id in ids_of_numbers(list(map(str, called))).items()}
    ids = list(class_ids)
    return {each: int(each) for each in ids} if all(each.isdecimal() for each in ids) else {}


def _shown(value: object) -> str:
    if value is None or value == "":
        return "missing"
    return f"{printable(repr(value))[:60]}, which is no class"


def _cells(part: Part, wanted: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The cells of some columns, row by row, none of pictures."""
    table = part.table.select_columns(list(dict.fromkeys(wanted)))
    if part.streamed:
        with _stream_errors(part):
            yield from table
        return
    for batch in table.with_format("arrow").iter(batch_size=ROWS_AT_ONCE):
        yield from batch.to_pylist()


def _paths(table: Any, column: str) -> list[str | None] | None:  # noqa: ANN401
    """Only the paths: taking the column as it is would read every picture into memory. None if rows are rearranged."""
    if getattr(table, "_indices", None) is not None:
        return None
    return [path for chunk in table.data.column(column).chunks for path in chunk.field("path").to_pylist()]


def _roles(
    rows: Sequence[_Row], reading: Reading, where: str, columns: _Columns
) -> tuple[list[ImageFile], frozenset[Role], tuple[str, ...], tuple[str, ...]]:
    counts = Counter(row.split for row in rows)
    labelled = {row.split for row in rows if row.label is not None}
    bare = sorted(set(counts) - labelled)
    warnings = tuple(
        f"the split {listed([name])} is left out: none of its {counts[name]} rows has a label" for name in bare
    )
    if not labelled or (labelled == {""} and not reading.split_map):
        found = given_roles(labelled or {""}, {}, where)
    else:
        mapped = {name: role for name, role in reading.splits().items() if name not in bare}
        found = given_roles(labelled, mapped, where)
    images = [
        ImageFile(row.image_id, row.label, found.roles[row.split], *row.part.stamp, row.number)
        for row in rows
        if row.label is not None and row.split in found.roles
    ]
    return images, found.given, found.notes, warnings + found.warnings


def _stamped(image: ImageFile) -> Stamp:
    return image.path, image.size, image.mtime_ns
