"""Images of a person, wherever they lie."""

from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.class_names import label_classes, read_class_names, same_name_warnings
from prompt_search.data.folder import CLASSES_FILE, list_folder
from prompt_search.data.image_source import ImageSource
from prompt_search.data.parquet import list_parquet
from prompt_search.data.printable import printable

__all__ = ["read_images"]


def read_images(source: str | Path, classes_file: Path | None = None, cache_dir: Path | None = None) -> ImageSource:
    """List the classes and images of a folder or a Parquet file; no picture is opened.

    Args:
        source: a folder of class folders; a folder of split folders that hold class folders; or a `.parquet` file.
        classes_file: JSON `{class id: name}`; without it a `classes.json` in the folder, names in the Parquet file, or
            the ids with their underscores as spaces.
        cache_dir: where a Parquet file's memory-mapped copy is kept; without it the file is read into memory.

    Raises:
        DataError: if the source or the names can't be used; see `list_folder`, `list_parquet`, `read_class_names`.
    """
    path = Path(source).expanduser().absolute()
    if path.is_dir():
        listing = list_folder(path)
    elif path.is_file() and path.suffix.lower() == ".parquet":
        listing = list_parquet(path, cache_dir)
    else:
        fault = "is neither a folder nor a .parquet file" if path.exists() else "does not exist"
        raise DataError(f"{printable(str(path))} {fault}; give a folder with one subfolder per class")
    names_file = classes_file or path / CLASSES_FILE
    given = classes_file is not None or names_file.is_file()
    names = read_class_names(names_file, listing.class_ids) if given else listing.names
    classes = label_classes(listing.class_ids, names)
    return ImageSource(
        classes=classes,
        images=listing.images,
        given=listing.given,
        unreadable=listing.unreadable,
        ignored=listing.ignored,
        warnings=listing.warnings + same_name_warnings(classes),
        table=listing.table,
    )
