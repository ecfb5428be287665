"""The small model and the two image sets that come with the package; see `testbed/DATA.md` and its licences."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

__all__ = ["BUNDLED_DATA", "BUNDLED_MODEL", "data_path", "model_name"]

TESTBED = Path(__file__).parent / "testbed"
BUNDLED_MODEL = "mini-clip"
BUNDLED_DATA: Mapping[str, Path] = MappingProxyType(
    {"photos": TESTBED / "photos.parquet", "emoji": TESTBED / "emoji.parquet"}
)


def model_name(name: str) -> str:
    """What open_clip calls the model: `mini-clip` is a folder of ours, every other name is open_clip's own."""
    return f"local-dir:{TESTBED / BUNDLED_MODEL}" if name == BUNDLED_MODEL else name


def data_path(name: str) -> Path:
    """Where a data set is: `photos` and `emoji` are ours, unless a folder of that name is here."""
    path = Path(name).expanduser()
    return BUNDLED_DATA[name] if name in BUNDLED_DATA and not path.exists() else path
