"""A provider's key, from the environment or from a file that the environment names."""

import os
from pathlib import Path

from optimizers.errors import SettingsError

__all__ = ["find_key"]

LONGEST_KEY = 10_000


def find_key(variable: str) -> str | None:
    """The key in an environment variable, or else on the first line of the file that `<variable>_FILE` names.

    White space around it is dropped. `None` if neither variable is set to anything.

    Raises:
        SettingsError: if the file can't be read, or what is there can't be a key. The key is not quoted.
    """
    key, source = os.environ.get(variable, "").strip(), variable
    if not key and (path := os.environ.get(f"{variable}_FILE", "").strip()):
        key, source = _first_line(Path(path).expanduser(), variable), f"{variable}_FILE"
    if not (key.isascii() and key.isprintable()):
        raise SettingsError(f"the environment variable {source} holds, or leads to, characters that no API key has")
    return key or None


def _first_line(path: Path, variable: str) -> str:
    try:
        with path.open("rb") as file:
            line = file.readline(LONGEST_KEY).decode(errors="replace").strip()
    except OSError as error:
        raise SettingsError(f"{variable}_FILE names {path}, which can't be read: {error.strerror}") from error
    if not line:
        raise SettingsError(f"{variable}_FILE names {path}, whose first line is empty; it should hold the key")
    return line
