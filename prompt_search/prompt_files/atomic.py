"""Files that are either whole or not there."""

import os
import tempfile
from pathlib import Path

from prompt_search.errors import RunError

__all__ = ["remove_unfinished", "write_atomically"]

UNFINISHED = ".writing"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never a part.

    Raises:
        RunError: if the folder can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=UNFINISHED)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunError(f"{path} can't be written: {error.strerror or error}") from error


def remove_unfinished(folder: Path) -> None:
    """Remove what `write_atomically` left in a folder when its process was killed; nobody may be writing there.

    Raises:
        RunError: if something can't be removed.
    """
    for path in folder.glob(f".*{UNFINISHED}"):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise RunError(
                f"{path} was left by a run that was killed and can't be removed: {error.strerror}"
            ) from error
