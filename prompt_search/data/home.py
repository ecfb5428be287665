"""Paths of data that begin with `~`."""

from pathlib import Path

from evaluators.errors import DataError
from prompt_search.cache.home_folder import in_home

__all__ = ["from_home"]


def from_home(path: str | Path) -> Path:
    """The path with its `~` or `~user` replaced by that home folder.

    Raises:
        DataError: if there is no such user, or no home at all.
    """
    return in_home(path, DataError)
