"""How large files are that other programs add and remove meanwhile."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["bytes_of", "statuses_of"]


def bytes_of(paths: Iterable[Path]) -> int:
    """Bytes of the files, and of the files in the folders; what is gone by then counts nothing.

    >>> bytes_of([Path("no-such-folder")])
    0
    """
    return sum(status.st_size for status in statuses_of(paths))


def statuses_of(paths: Iterable[Path]) -> Iterator[os.stat_result]:
    """The status of each of the files, and of each in the folders, that is still there.

    SQLite removes its `-wal` and `-shm` when the last program closes a database, and stores of embeddings get another
    name before they go, so that a file may be gone as soon as it was listed.
    """
    for path in paths:
        files = (
            [path] if path.is_file() else (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
        )
        for file in files:
            try:
                yield file.stat()
            except OSError:
                continue
