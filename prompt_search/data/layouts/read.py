"""Images of a person, wherever they lie."""

from collections.abc import Mapping
from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.home import from_home
from prompt_search.data.layouts.folder import CLASSES_FILE, list_folder
from prompt_search.data.layouts.image_source import ImageSource, Listing
from prompt_search.data.layouts.parquet import list_parquet
from prompt_search.data.names.class_names import ids_named, label_classes, read_class_names, same_name_warnings
from prompt_search.data.names.printable import printable
from prompt_search.data.names.readable_names import readable_names
from prompt_search.data.names.spellings import check_spellings

__all__ = ["read_images"]


def read_images(source: str | Path, classes_file: Path | None = None, cache_dir: Path | None = None) -> ImageSource:
    """List the classes and images of a folder or a Parquet file; no picture is opened.

    Args:
        source: a folder, see `list_folder`; or a `.parquet` file.
        classes_file: JSON `{class id: name}`; without it a `classes.json` in the folder, names in the data itself, or
            the ids made readable, see `readable_names`.
        cache_dir: where a Parquet file's memory-mapped copy is kept; without it the file is read into memory.

    Raises:
        DataError: if the source or the names can't be used, or classes of several splits differ in spelling only;
            see `list_folder`, `list_parquet`, `read_class_names`.
    """
    path = from_home(source).absolute()
    if path.is_dir():
        own_file = path / CLASSES_FILE
        first = classes_file or (own_file if own_file.is_file() else None)
        listing = list_folder(path, ids_named(first) if first else ())
    elif path.is_file() and path.suffix.lower() == ".parquet":
        listing = list_parquet(path, cache_dir)
    else:
        fault = "is neither a folder nor a .parquet file" if path.exists() else "does not exist"
        raise DataError(f"{printable(str(path))} {fault}; give a folder with one subfolder per class")
    spellings = check_spellings(listing)
    names, notes, warnings = _names(listing, path, classes_file)
    classes = label_classes(listing.class_ids, names)
    return ImageSource(
        classes=classes,
        images=listing.images,
        given=listing.given,
        unreadable=listing.unreadable,
        ignored=listing.ignored,
        notes=listing.notes + notes,
        warnings=listing.warnings + spellings + warnings + same_name_warnings(classes),
        table=listing.table,
    )


def _names(
    listing: Listing, path: Path, classes_file: Path | None
) -> tuple[Mapping[str, str], tuple[str, ...], tuple[str, ...]]:
    """The names of classes that a file or the data gives, or that are made from ids; notes and warnings about these."""
    beside = [folder / CLASSES_FILE for folder in (path, listing.base) if folder]
    file = classes_file or next((file for file in beside if file.is_file()), None)
    if file is not None:
        return read_class_names(file, listing.class_ids), (), ()
    made, notes, warnings = readable_names([i for i in listing.class_ids if i not in listing.names])
    return {**made, **listing.names}, notes, warnings
