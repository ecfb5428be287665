"""The small model and the two image sets that come with the package; see `testbed/DATA.md` and its licences."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from prompt_search.data.home import from_home
from prompt_search.data.names.printable import printable
from prompt_search.errors import DataError

__all__ = ["BUNDLED_DATA", "BUNDLED_MODEL", "check_data", "data_path", "is_bundled", "model_name"]

TESTBED = Path(__file__).parent
BUNDLED_MODEL = "mini-clip"
PREFIX = "bundled:"
BUNDLED_DATA: Mapping[str, Path] = MappingProxyType(
    {"photos": TESTBED / "photos.parquet", "emoji": TESTBED / "emoji.parquet"}
)


def model_name(name: str) -> str:
    """What open_clip calls the model: `mini-clip` is a folder of ours, every other name is open_clip's own."""
    return f"local-dir:{TESTBED / BUNDLED_MODEL}" if name == BUNDLED_MODEL else name


def is_bundled(name: str) -> bool:
    """Whether a data set is one of ours: `photos` and `emoji`, unless a folder of that name is here.

    `bundled:photos` is ours whatever is here.
    """
    plain = name.removeprefix(PREFIX)
    return plain in BUNDLED_DATA and (name.startswith(PREFIX) or not Path(name).exists())


def data_path(name: str) -> Path:
    """Where a data set is.

    Raises:
        DataError: if it begins with the home folder of nobody.
    """
    return BUNDLED_DATA[name.removeprefix(PREFIX)] if is_bundled(name) else from_home(name)


def check_data(name: str) -> None:
    """Refuse a data set that is not there, or no folder and no Parquet file, before anything is loaded for it.

    Raises:
        DataError: with the bundled set of a similar name, if there is one.
    """
    path = data_path(name)
    if path.is_dir() or (path.is_file() and path.suffix.lower() == ".parquet"):
        return
    if path.exists():
        raise DataError(
            f"{printable(str(path.absolute()))} is neither a folder nor a .parquet file; "
            "give a folder with one subfolder per class"
        )
    close = difflib.get_close_matches(name, BUNDLED_DATA, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "give a folder with one subfolder per class"
    raise DataError(f"{printable(str(path.absolute()))} does not exist; {hint}")
