"""The small model and the two image sets that come with the package; see `testbed/DATA.md` and its licences."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from prompt_search.data.home import from_home
from prompt_search.data.presets.presets import preset_named, presets
from prompt_search.data.sources.hugging_face import HUB
from prompt_search.data.sources.read import check_source
from prompt_search.data.sources.reading import OWN
from prompt_search.errors import DataError

__all__ = ["BUNDLED_DATA", "BUNDLED_MODEL", "check_data", "data_path", "is_bundled", "is_named", "model_name"]

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


def data_path(name: str) -> str | Path:
    """Where a data set is: what `read_images` takes.

    Raises:
        DataError: if it begins with the home folder of nobody.
    """
    if is_bundled(name):
        return BUNDLED_DATA[name.removeprefix(PREFIX)]
    return name if is_named(name) else from_home(name)


def is_named(name: str) -> bool:
    """Whether a data set is known by a name and not by where it lies: bundled, of the hub, published, or an object."""
    if is_bundled(name) or name.startswith((HUB, OWN)):
        return True
    return not Path(name).exists() and preset_named(name, missing_ok=True) is not None


def check_data(name: str) -> None:
    """Refuse a data set that is not there, or nothing that can be read, before anything is loaded for it.

    Raises:
        DataError: with the known set of a similar name, if there is one.
    """
    try:
        check_source(data_path(name))
    except DataError as error:
        close = difflib.get_close_matches(name, [*BUNDLED_DATA, *presets()], n=1)
        hint = f"did you mean {close[0]!r}? " if close and not Path(name).exists() else ""
        raise DataError(f"{error}".replace("does not exist; ", f"does not exist; {hint}", 1)) from error
