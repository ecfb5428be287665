"""Images of a person, whatever they lie in: looks at what was given and takes the source of its kind."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.home import from_home
from prompt_search.data.layouts.folder import CLASSES_FILE, list_folder
from prompt_search.data.layouts.folder_reader import FolderReader
from prompt_search.data.layouts.image_source import ImageSource, Listing
from prompt_search.data.layouts.metadata import TABLES as TABLES_IN_FOLDERS
from prompt_search.data.names.class_names import ids_named, label_classes, read_class_names, same_name_warnings
from prompt_search.data.names.kept_classes import keep_classes, stated_classes
from prompt_search.data.names.printable import printable
from prompt_search.data.names.readable_names import readable_names
from prompt_search.data.names.spellings import check_spellings
from prompt_search.data.presets.presets import preset_named, with_preset, with_preset_names
from prompt_search.data.sources.features import (
    FEATURE_ENDINGS,
    is_clip_retrieval,
    list_clip_retrieval,
    list_feature_files,
)
from prompt_search.data.sources.hugging_face import HUB, is_saved, is_snapshot, list_hub, list_saved, list_snapshot
from prompt_search.data.sources.lists import LIST_ENDINGS, coop_file_in, is_coop_file, list_coop, list_table
from prompt_search.data.sources.objects import OwnData
from prompt_search.data.sources.reading import OWN, Reading, refuse_unused
from prompt_search.data.sources.tables import list_parquet
from prompt_search.data.sources.webdataset import is_tar_name, list_tars, tars_in

__all__ = ["KINDS", "check_source", "read_images"]

KINDS = (
    "a folder of images, a .parquet, .csv, .jsonl, .tar, .npz or split_zhou_*.json file, hf:OWNER/NAME, "
    "or a name of `prompt-search datasets`"
)
TABLES = (".parquet", ".arrow")
BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
MOST_FILES = 100_000
"""That a pattern may stand for."""

Found = Callable[[Path, Reading, Path | None], Listing]


def read_images(
    source: str | Path | OwnData, reading: Reading | None = None, cache_dir: Path | None = None
) -> ImageSource:
    """List the classes and images of a data set; no picture is decoded.

    Args:
        source: see `KINDS`; patterns (`train-{0000..0009}.tar`, `*.parquet`) stand for several files.
        reading: what is not seen from the data: columns, splits, folder of the pictures, classes. Names of classes come
            from there, or a `classes.json` in the folder, or the data itself, or the ids made readable.
        cache_dir: where memory-mapped copies of tables are kept; without it they are read into memory.

    Raises:
        DataError: if the source or the names can't be used, or classes of several splits differ in spelling only.
    """
    stated = reading or Reading()
    preset = preset_named(stated.preset) if stated.preset else None
    if isinstance(source, str) and not Path(source).exists() and (named := preset_named(source, missing_ok=True)):
        preset, source = named, named.source
    stated = with_preset(stated, preset)
    listing, path = _listed(source, stated, cache_dir)
    listing = with_preset_names(listing, preset)
    classes = stated_classes(stated.classes) if stated.classes else None
    every = listing.class_ids
    if classes is not None:
        listing = keep_classes(listing, classes)
    spellings = check_spellings(listing)
    names, notes, warnings = _names(listing, every, path, all_named=classes is not None and bool(classes.names))
    labels = label_classes(listing.class_ids, names)
    return ImageSource(
        classes=labels,
        images=listing.images,
        given=listing.given,
        unreadable=listing.unreadable,
        unlabelled=listing.unlabelled,
        ignored=listing.ignored,
        notes=listing.notes + notes,
        warnings=listing.warnings + spellings + warnings + same_name_warnings(labels),
        reader=listing.reader,
        features=listing.features,
    )


def check_source(source: str | Path) -> None:
    """Refuse what is no source, or is not there, before anything is loaded for it. A hub is not asked.

    Raises:
        DataError: saying what could be given.
    """
    if isinstance(source, str) and source.startswith(OWN):
        raise DataError(
            f"this run uses data of your own, {source.removeprefix(OWN)}: run your script again to continue it"
        )
    if isinstance(source, str) and (source.startswith(HUB) or preset_named(source, missing_ok=True) is not None):
        return
    path = from_home(source).absolute()
    if path.is_dir() or (path.exists() and _of_file(path) is not None):
        return
    if not path.exists() and _matching(path):
        return
    fault = "is none of these" if path.exists() else "does not exist"
    raise DataError(f"{printable(str(path))} {fault}; give {KINDS}")


def _listed(source: str | Path | OwnData, reading: Reading, cache_dir: Path | None) -> tuple[Listing, Path | None]:
    """What the source holds, and where it lies if it is a folder or a file."""
    if isinstance(source, OwnData):
        return source.list(reading), None
    if isinstance(source, str) and source.startswith(HUB):
        return list_hub(source, cache_dir, reading), None
    check_source(source)
    path = from_home(source).absolute()
    if not path.exists():
        files = _matching(path)
        if all(is_tar_name(file.name) for file in files):
            return list_tars(files, _common(files), reading), None
        return list_parquet(files, cache_dir, reading), None
    list_it = _of_folder(path) if path.is_dir() else _of_file(path)
    assert list_it is not None
    return list_it(path, reading, cache_dir), path


def _of_folder(path: Path) -> Found:
    """The kind of a folder: by what only that kind has, else a folder of pictures."""
    if is_saved(path):
        return lambda path, reading, cache: list_saved(path, reading)
    if is_clip_retrieval(path):
        return lambda path, reading, cache: list_clip_retrieval(path, reading)
    if coop_file_in(path):
        return lambda path, reading, cache: list_coop(coop_file_in(path) or path, reading)
    kinds: dict[str, Found] = {}
    if is_snapshot(path):
        kinds["parquet"] = lambda path, reading, cache: list_snapshot(path, cache, reading)
    if tars := tars_in(path):
        kinds["tar"] = lambda path, reading, cache: list_tars(tars, path, reading)
    if arrays := sorted(file for file in path.iterdir() if file.suffix.lower() in FEATURE_ENDINGS):
        kinds["features"] = lambda path, reading, cache: list_feature_files(arrays, path, reading)
    if kinds and not FolderReader(path).holds_pictures(path):
        return next(iter(kinds.values()))
    return _folder


def _folder(path: Path, reading: Reading, cache: Path | None) -> Listing:
    stated = stated_classes(reading.classes) if reading.classes else None
    own_file = path / CLASSES_FILE
    if stated is not None and stated.names:
        named: Sequence[str] = stated.ids
    else:
        named = tuple(ids_named(own_file)) if own_file.is_file() else ()
    tables = [path / name for name in TABLES_IN_FOLDERS if (path / name).is_file()]
    if tables:
        own = f", or give the table itself: {printable(str(tables[0]))}"
        refuse_unused(reading, (), printable(str(path)), f"it is read with the columns of its {tables[0].name}", own)
    refuse_unused(reading, (), printable(str(path)), "its folders are the classes")
    return list_folder(path, named, reading.splits())


def _of_file(path: Path) -> Found | None:
    """The kind of a file, by its ending."""
    ending = path.suffix.lower()
    if is_tar_name(path.name):
        return lambda path, reading, cache: list_tars([path], path.parent, reading)
    if ending in TABLES:
        return lambda path, reading, cache: list_parquet([path], cache, reading)
    if ending in FEATURE_ENDINGS:
        return lambda path, reading, cache: list_feature_files([path], path, reading)
    if is_coop_file(path):
        return lambda path, reading, cache: list_coop(path, reading)
    if ending in LIST_ENDINGS:
        return lambda path, reading, cache: list_table(path, reading)
    return None


def _matching(path: Path) -> list[Path]:
    """The tar or Parquet files that a pattern stands for; none if it is no pattern."""
    text = str(path)
    ranges = BRACES.findall(text)
    counts = [range(int(low), int(high) + 1) for low, high in ranges]
    total = 1
    for each in counts:
        total *= len(each)
    if total > MOST_FILES:
        raise DataError(f"{printable(text)} stands for {total} files; {MOST_FILES} are the most")
    found: list[Path] = []
    for numbers in product(*counts):
        written = iter([f"{number:0{len(low)}d}" for number, (low, _) in zip(numbers, ranges, strict=True)])
        found += _globbed(BRACES.sub(lambda _, one=written: next(one), text))  # type: ignore[misc]
    usable = [file for file in found if file.is_file()]
    same = all(is_tar_name(file.name) for file in usable) or all(file.suffix.lower() in TABLES for file in usable)
    return usable if same else []


def _globbed(pattern: str) -> list[Path]:
    """The file of this name, or those that a pattern fits."""
    path = Path(pattern)
    if path.is_file() or not any(letter in pattern for letter in "*?["):
        return [path] if path.is_file() else []
    folder = path.parent
    while any(letter in str(folder) for letter in "*?["):
        folder = folder.parent
    return sorted(folder.glob(path.relative_to(folder).as_posix()))


def _common(files: Sequence[Path]) -> Path:
    folder = files[0].parent
    while not all(file.is_relative_to(folder) for file in files):
        folder = folder.parent
    return folder


def _names(
    listing: Listing, every: Sequence[str], path: Path | None, *, all_named: bool
) -> tuple[Mapping[str, str], tuple[str, ...], tuple[str, ...]]:
    """The names of classes that a file or the data gives, or that are made from ids; notes and warnings about these."""
    if all_named:
        return listing.names, (), ()
    beside = [folder / CLASSES_FILE for folder in (path, listing.base) if folder and folder.is_dir()]
    file = next((file for file in beside if file.is_file()), None)
    if file is not None:
        return read_class_names(file, every), (), ()
    made, notes, warnings = readable_names([i for i in listing.class_ids if i not in listing.names])
    return {**made, **listing.names}, notes, warnings
