"""Vectors on disk, found by the content they were made from.

A store is a folder with two append-only files of fixed-size rows. Row i of `vectors.f32` (or `.f16`) belongs to row i
of `keys.bin`, which holds the key, a checksum of the vector, and a checksum of the row itself. A writer holds a file
lock, appends vectors before keys, and first cuts off what a crashed writer left behind; a row whose checksums do not
hold counts as absent. So a crash at any byte loses at most the vectors it was writing, and readers need no lock.
Both files are memory-mapped; checksums are tried when a row is first asked for.
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from evaluators.errors import StoreError
from evaluators.image_text_model import FloatArray
from evaluators.key_index import KeyIndex
from evaluators.stored_vectors import StoredVectors

__all__ = ["EmbeddingStore", "StoredAs"]

StoredAs = Literal["fp32", "fp16"]

KEY_BYTES = 32
ROW = struct.Struct(f"<{KEY_BYTES}sII")  # key, crc32 of the vector, crc32 of the two before it
UNTRIED, HOLDS, DAMAGED = range(3)


class EmbeddingStore:
    """Content-addressed vectors of one width, memory-mapped, shared by processes.

    Args:
        folder: created if missing; one folder for one model, kind of input and precision.
        width: D, the number of dimensions.
        stored_as: `fp32`, or `fp16` for half the space; vectors come back as float32 either way, those from `fp16`
            rounded to 11 bits.

    Raises:
        StoreError: if the folder can't be read or written, or there is no such precision.

    >>> import tempfile
    >>> store = EmbeddingStore(Path(tempfile.mkdtemp()), width=2)
    >>> store.put([b"cat"], np.array([[1.0, 0.0]], dtype=np.float32))
    >>> store.missing([b"cat", b"dog"])
    [b'dog']
    >>> store.get([b"cat"]).tolist()
    [[1.0, 0.0]]
    """

    def __init__(self, folder: Path, width: int, stored_as: StoredAs = "fp32") -> None:
        if stored_as not in get_args(StoredAs):
            raise StoreError(
                f"embeddings can't be stored as {stored_as!r}; choose one of {', '.join(get_args(StoredAs))}"
            )
        self.width = width
        self._dtype = np.dtype("<f2" if stored_as == "fp16" else "<f4")
        self._keys_path = folder / "keys.bin"
        self._vectors_path = folder / f"vectors.f{8 * self._dtype.itemsize}"
        self._index = KeyIndex()
        self._states = bytearray()  # of every row: whether its checksums were tried
        self._vectors: NDArray[np.float32 | np.float16] = np.empty((0, width), dtype=self._dtype)
        self._key_rows, self._vector_bytes = memoryview(b""), memoryview(b"")
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
        rows = self._current_rows(keys)
        return list(dict.fromkeys(key for key, row in zip(keys, rows.tolist(), strict=True) if row < 0))

    def get(self, keys: Sequence[bytes]) -> FloatArray:
        """The vectors [len(keys), D] of the keys, in memory.

        Raises:
            StoreError: if a key has no vector; ask `missing` first.
        """
        return self.view(keys)[:]

    def view(self, keys: Sequence[bytes]) -> StoredVectors:
        """The vectors [len(keys), D] of the keys, left on disk until a part of them is asked for.

        Raises:
            StoreError: if a key has no vector; ask `missing` first.
        """
        rows = self._current_rows(keys)
        if absent := len({key for key, row in zip(keys, rows.tolist(), strict=True) if row < 0}):
            raise StoreError(f"{absent} of {len(keys)} embeddings are not in {self._keys_path.parent}")
        return StoredVectors(self._vectors, rows)

    def put(self, keys: Sequence[bytes], vectors: FloatArray) -> None:
        """Store vectors [len(keys), D]; keys that are there already are left as they are."""
        if vectors.shape != (len(keys), self.width):
            raise StoreError(f"{len(keys)} keys need vectors [{len(keys)}, {self.width}], got {list(vectors.shape)}")
        try:
            with self._lock:
                self._refresh()
                absent = self._rows(keys) < 0
                fresh = {key: i for i, key in enumerate(keys) if absent[i]}
                self._append([digest(key) for key in fresh], vectors[list(fresh.values())])
        except OSError as error:
            raise self._failure(error) from error
        self._refresh()

    def _append(self, digests: list[bytes], vectors: FloatArray) -> None:
        rows_on_disk = self._keys_path.stat().st_size // ROW.size
        payloads = [v.tobytes() for v in np.ascontiguousarray(vectors, dtype=self._dtype)]
        with self._vectors_path.open("r+b") as file:
            file.truncate(rows_on_disk * self._vector_size)
            file.seek(0, 2)
            file.write(b"".join(payloads))
        with self._keys_path.open("r+b") as file:
            file.truncate(rows_on_disk * ROW.size)
            file.seek(0, 2)
            file.write(b"".join(_key_row(d, zlib.crc32(p)) for d, p in zip(digests, payloads, strict=True)))

    def _refresh(self) -> bool:
        """Take in what this or another process has appended since the last look; whether there was anything."""
        known = len(self._states)
        try:
            in_keys = self._keys_path.stat().st_size // ROW.size
            rows = min(in_keys, self._vectors_path.stat().st_size // self._vector_size)
            if rows <= known:
                return False
            key_rows = np.memmap(self._keys_path, dtype=np.uint8, mode="r", shape=(rows * ROW.size,))
            vectors = np.memmap(self._vectors_path, dtype=self._dtype, mode="r", shape=(rows, self.width))
        except OSError as error:
            raise self._failure(error) from error
        self._vectors = np.asarray(vectors)
        self._key_rows, self._vector_bytes = key_rows.data, self._vectors.data.cast("B")
        self._index.add(_prefixes(self._key_rows[known * ROW.size :], ROW.size))
        self._states.extend(bytes([UNTRIED]) * (rows - known))
        return True

    def _current_rows(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        rows = self._rows(keys)
        return self._rows(keys) if (rows < 0).any() and self._refresh() else rows

    def _rows(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """For each key its row, or -1."""
        digests = [digest(key) for key in keys]
        candidates = self._index.find(_prefixes(b"".join(digests), KEY_BYTES))
        found = (
            next((row for row in rows if self._holds(row, wanted)), -1)
            for wanted, rows in zip(digests, candidates, strict=True)
        )
        return np.fromiter(found, dtype=np.int64, count=len(keys))

    def _holds(self, row: int, wanted: bytes) -> bool:
        """Whether a row is this key's, and undamaged; a damaged one counts as absent, so that it is made again."""
        key, checksum, own = ROW.unpack_from(self._key_rows, row * ROW.size)
        if key != wanted:
            return False
        if self._states[row] == UNTRIED:
            vector = self._vector_bytes[row * self._vector_size : (row + 1) * self._vector_size]
            whole = own == _own_checksum(key, checksum) and zlib.crc32(vector) == checksum
            self._states[row] = HOLDS if whole else DAMAGED
        return self._states[row] == HOLDS

    @property
    def _vector_size(self) -> int:
        return self.width * self._dtype.itemsize

    def _failure(self, error: OSError) -> StoreError:
        return StoreError(
            f"the embedding store {self._keys_path.parent} can't be used: {error.strerror or error}; "
            "free some disk space, mend the permissions, or choose another --cache-dir"
        )


def digest(key: bytes) -> bytes:
    """Keys of any length as rows of one length."""
    return hashlib.sha256(key).digest()


def _key_row(key: bytes, checksum: int) -> bytes:
    return ROW.pack(key, checksum, _own_checksum(key, checksum))


def _own_checksum(key: bytes, checksum: int) -> int:
    return zlib.crc32(key + struct.pack("<I", checksum))


def _prefixes(rows: bytes | memoryview, size: int) -> NDArray[np.uint64]:
    """The first 8 bytes of every row of this size."""
    found: NDArray[np.uint64] = np.frombuffer(rows, dtype=[("prefix", "<u8"), ("rest", f"V{size - 8}")])["prefix"]
    return found
