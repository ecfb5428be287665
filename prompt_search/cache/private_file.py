"""Files that nobody but their owner should read."""

import contextlib
import os
from pathlib import Path

__all__ = ["make_private"]

OWNER_ONLY = 0o600


def make_private(path: Path) -> None:
    """Make a file readable and writable by its owner only; an empty one where there is none.

    A file of another owner stays as it is. On Windows the rights are those of the folder.

    Raises:
        OSError: if it can't be made.
    """
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, OWNER_ONLY))
    with contextlib.suppress(PermissionError):
        path.chmod(OWNER_ONLY)
