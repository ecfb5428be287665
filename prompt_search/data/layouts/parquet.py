"""A Parquet file of images, with columns `image`, `label` and maybe `name` and `split`."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evaluators.errors import DataError
from prompt_search.data.layouts.image_source import ImageFile, Listing, Role
from prompt_search.data.names.printable import listed, printable
from prompt_search.data.names.split_names import split_role, with_sealed_test

__all__ = ["list_parquet"]


def list_parquet(path: Path, cache_dir: Path | None = None) -> Listing:
    """List the classes and images of a Parquet file, decoding none of them.

    Columns: `image`, the Hugging Face `Image` feature (a struct of bytes and path); `label`, the class id as text or
    as a `ClassLabel`; `name`, the class's name for prompts (may be missing); `split`, such as `train`,
    `validation`, `test`, see `split_names` (may be missing). Image ids are the paths in the structs, or
    `row N` where there is none.

    Args:
        path: absolute path of the file.
        cache_dir: where `datasets` keeps its memory-mapped copy; None reads everything into memory.

    Raises:
        DataError: if the file can't be read, lacks a column, or a label, name or split can't be used.
    """
    table = _open(path, cache_dir)
    absent = {"image", "label"} - set(table.column_names)
    if absent:
        raise DataError(f"{_at(path)} has no column {listed(sorted(absent))}, only {listed(table.column_names)}")
    labels = _labels(path, table)
    given, notes = _roles(path, table)
    images = _images(path, table, labels, given)
    class_ids = tuple(sorted(set(labels)))
    if len(class_ids) < 2:
        raise DataError(f"{_at(path)} has only {len(class_ids)} class: {listed(class_ids)}; two are needed")
    return Listing(
        class_ids=class_ids,
        images=tuple(sorted(images, key=lambda image: image.id)),
        given=frozenset(image.given for image in images if image.given),
        names=_names(path, table, labels),
        notes=notes,
        table=table,
    )


def _at(path: Path) -> str:
    return printable(str(path))


def _open(path: Path, cache_dir: Path | None) -> Any:  # noqa: ANN401 - a datasets.Dataset, which has no types
    import datasets
    import pyarrow as pa

    with tempfile.TemporaryDirectory() as scratch, _no_progress_bars():
        try:
            table = datasets.Dataset.from_parquet(
                str(path), cache_dir=str(cache_dir or scratch), keep_in_memory=cache_dir is None
            )
            return table.cast_column("image", datasets.Image(decode=False)) if "image" in table.column_names else table
        except (datasets.exceptions.DatasetsError, pa.ArrowException, OSError, ValueError, TypeError) as error:
            cause = error.__cause__ or error
            raise DataError(
                f"{_at(path)} can't be read as a Parquet file of images: {printable(str(cause))}"
            ) from error


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    import datasets

    enabled = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if enabled:
            datasets.enable_progress_bars()


def _labels(path: Path, table: Any) -> list[str]:  # noqa: ANN401
    names = getattr(table.features["label"], "names", None)
    labels = [names[v] if names and isinstance(v, int) and v >= 0 else v for v in table["label"]]
    for row, label in enumerate(labels):
        if not isinstance(label, str) or not label:
            raise DataError(f"{_at(path)}, row {row}: the label must be text, the id of the class, got {label!r}")
    return labels


def _images(path: Path, table: Any, labels: Sequence[str], given: Sequence[Role | None]) -> list[ImageFile]:  # noqa: ANN401
    status = path.stat()
    # Only the paths: taking the column as it is would read every picture into memory.
    paths = [p for chunk in table.data.column("image").chunks for p in chunk.field("path").to_pylist()]
    ids = [image_path or f"row {row}" for row, image_path in enumerate(paths)]
    if len(set(ids)) < len(ids):  # paths that repeat can't tell images apart
        ids = [f"row {row}: {image_id}" for row, image_id in enumerate(ids)]
    return [
        ImageFile(ids[row], labels[row], given[row], str(path), status.st_size, status.st_mtime_ns, row)
        for row in range(len(ids))
    ]


def _roles(path: Path, table: Any) -> tuple[Sequence[Role | None], tuple[str, ...]]:  # noqa: ANN401
    if "split" not in table.column_names:
        return [None] * len(table), ()
    splits = [str(split) for split in table["split"]]
    known = {split: split_role(split) for split in set(splits)}
    unknown = sorted(split for split, role in known.items() if role is None)
    if unknown:
        raise DataError(f"{_at(path)}: unknown split {listed(unknown)}; use train, validation and test")
    told = {split: role for split, role in sorted(known.items()) if role}
    sealed, notes = with_sealed_test(told)
    roles = [sealed[split] for split in splits]
    for role, names in (("test", "`test`"), ("search", "`train` or `search`")):
        if role not in roles:
            raise DataError(
                f"{_at(path)} has a column `split`, but no row in {names}; the roles can't be given halfway"
            )
    return roles, notes


def _names(path: Path, table: Any, labels: Sequence[str]) -> dict[str, str]:  # noqa: ANN401
    if "name" not in table.column_names:
        return {}
    names: dict[str, str] = {}
    for row, (label, name) in enumerate(zip(labels, table["name"], strict=True)):
        if not isinstance(name, str) or not name.strip():
            raise DataError(f"{_at(path)}, row {row}: the name of class {listed([label])} is blank")
        if names.setdefault(label, name) != name:
            raise DataError(f"{_at(path)}: class {listed([label])} is called both {listed([names[label], name])}")
    return names
