"""The small model and the two image sets that come with the package; see `testbed/DATA.md` and its licences."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

__all__ = ["BUNDLED_DATA", "BUNDLED_MODEL", "data_path", "is_bundled", "model_name"]

TESTBED = Path(__file__).parent / "testbed"
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
    """Where a data set is."""
    return BUNDLED_DATA[name.removeprefix(PREFIX)] if is_bundled(name) else Path(name).expanduser()
