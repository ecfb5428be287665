"""Paths that begin with `~`."""

from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.printable import printable

__all__ = ["from_home"]


def from_home(path: str | Path) -> Path:
    """The path with its `~` or `~user` replaced by that home folder.

    Raises:
        DataError: if there is no such user, or no home at all.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(
            f"{printable(str(path))} begins with the home folder of a user that is not known here; "
            "write the whole path, or ./ before a name that really begins with ~"
        ) from error
