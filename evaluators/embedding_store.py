"""Vectors on disk, found by the content they were made from.

A store is a folder with two append-only files of fixed-size rows. Row i of `vectors.f32` belongs to row i of
`keys.bin`, which holds the key, a checksum of the vector, and a checksum of the row itself. A writer holds a file
lock, appends vectors before keys, and first cuts off what a crashed writer left behind; a row whose checksums do not
hold counts as absent. So a crash at any byte loses at most the vectors it was writing, and readers need no lock.
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock

from evaluators.errors import StoreError
from evaluators.image_text_model import FloatArray

__all__ = ["EmbeddingStore"]

KEY_BYTES = 32
ROW = struct.Struct(f"<{KEY_BYTES}sII")  # key, crc32 of the vector, crc32 of the two before it


class EmbeddingStore:
    """Content-addressed float32 vectors of one width, memory-mapped, shared by processes.

    Args:
        folder: created if missing; one folder for one model and kind of input.
        width: D, the number of dimensions.

    Raises:
        StoreError: if the folder can't be read or written.

    >>> import tempfile
    >>> store = EmbeddingStore(Path(tempfile.mkdtemp()), width=2)
    >>> store.put([b"cat"], np.array([[1.0, 0.0]], dtype=np.float32))
    >>> store.missing([b"cat", b"dog"])
    [b'dog']
    >>> store.get([b"cat"]).tolist()
    [[1.0, 0.0]]
    """

    def __init__(self, folder: Path, width: int) -> None:
        self.width = width
        self._keys_path = folder / "keys.bin"
        self._vectors_path = folder / "vectors.f32"
        self._rows: dict[bytes, int] = {}
        self._checksums: list[int] = []
        self._verified: set[bytes] = set()
        self._vectors: FloatArray = np.empty((0, width), dtype=np.float32)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._keys_path.touch()
            self._vectors_path.touch()
        except OSError as error:
            raise self._failure(error) from error
        self._lock = FileLock(folder / "lock")
        self._refresh()

    def missing(self, keys: Sequence[bytes]) -> list[bytes]:
        """The keys that have no vector here, each once, in the given order."""
        if any(not self._holds(digest(key)) for key in keys):
            self._refresh()
        return [key for key in dict.fromkeys(keys) if not self._holds(digest(key))]

    def get(self, keys: Sequence[bytes]) -> FloatArray:
        """The vectors [len(keys), D] of the keys.

        Raises:
            StoreError: if a key has no vector; ask `missing` first.
        """
        absent = self.missing(keys)
        if absent:
            raise StoreError(f"{len(absent)} of {len(keys)} embeddings are not in {self._keys_path.parent}")
        return self._vectors[[self._rows[digest(key)] for key in keys]]

    def put(self, keys: Sequence[bytes], vectors: FloatArray) -> None:
        """Store vectors [len(keys), D]; keys that are there already are left as they are."""
        if vectors.shape != (len(keys), self.width):
            raise StoreError(f"{len(keys)} keys need vectors [{len(keys)}, {self.width}], got {list(vectors.shape)}")
        try:
            with self._lock:
                self._refresh()
                fresh = {key: i for i, key in enumerate(keys) if not self._holds(digest(key))}
                self._append([digest(key) for key in fresh], vectors[list(fresh.values())])
        except OSError as error:
            raise self._failure(error) from error
        self._refresh()

    def _append(self, digests: list[bytes], vectors: FloatArray) -> None:
        rows_on_disk = self._keys_path.stat().st_size // ROW.size
        payloads = [np.ascontiguousarray(v, dtype="<f4").tobytes() for v in vectors]
        with self._vectors_path.open("r+b") as file:
            file.truncate(rows_on_disk * self.width * 4)
            file.seek(0, 2)
            file.write(b"".join(payloads))
        with self._keys_path.open("r+b") as file:
            file.truncate(rows_on_disk * ROW.size)
            file.seek(0, 2)
            file.write(b"".join(_key_row(d, zlib.crc32(p)) for d, p in zip(digests, payloads, strict=True)))

    def _refresh(self) -> None:
        """Take in what this or another process has appended since the last look."""
        known = len(self._checksums)
        try:
            with self._keys_path.open("rb") as file:
                file.seek(known * ROW.size)
                tail = file.read()
            complete = self._vectors_path.stat().st_size // (self.width * 4)
        except OSError as error:
            raise self._failure(error) from error
        rows = min(known + len(tail) // ROW.size, complete)
        if rows <= known:
            return
        self._vectors = np.memmap(self._vectors_path, dtype="<f4", mode="r", shape=(rows, self.width))
        for row, (key, checksum, own) in enumerate(ROW.iter_unpack(tail[: (rows - known) * ROW.size]), start=known):
            self._checksums.append(checksum)
            if own == zlib.crc32(key + struct.pack("<I", checksum)):
                self._rows[key] = row
                self._verified.discard(key)

    def _holds(self, key: bytes) -> bool:
        if key in self._verified:
            return True
        row = self._rows.get(key)
        if row is None:
            return False
        if zlib.crc32(self._vectors[row].tobytes()) != self._checksums[row]:
            del self._rows[key]  # damaged: counts as absent, so that it is made again
            return False
        self._verified.add(key)
        return True

    def _failure(self, error: OSError) -> StoreError:
        return StoreError(
            f"the embedding store {self._keys_path.parent} can't be used: {error.strerror or error}; "
            "free some disk space, mend the permissions, or choose another --cache-dir"
        )


def digest(key: bytes) -> bytes:
    """Keys of any length as rows of one length."""
    return hashlib.sha256(key).digest()


def _key_row(key: bytes, checksum: int) -> bytes:
    return ROW.pack(key, checksum, zlib.crc32(key + struct.pack("<I", checksum)))
