"""Folders that will be written to, tried before anything is loaded."""

import tempfile
from pathlib import Path

from prompt_search.errors import SettingsError

__all__ = ["check_writable"]


def check_writable(folder: Path, way_out: str) -> None:
    """Write a file where a folder is, or where it will be made, and take it away again.

    Args:
        way_out: what to do where that fails, for the end of the message.

    Raises:
        SettingsError: naming the place and the way out.
    """
    place = folder
    try:
        while not place.exists() and place != place.parent:
            place = place.parent
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        within = "" if place == folder else f" (in {place})"
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"{folder} can't be written to{within}: {reason}; {way_out}") from error
