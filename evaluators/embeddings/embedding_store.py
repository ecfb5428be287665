"""Vectors on disk, found by the content they were made from.

A store is a folder with two append-only files of fixed-size rows. Row i of `vectors.f32` (or `.f16`) belongs to row i
of `keys.bin`, which holds the key, a checksum of the vector, and a checksum of the row itself. A writer holds a file
lock, appends vectors before keys, and first cuts off what a crashed writer left behind; a row whose checksums do not
hold counts as absent. So a crash at any byte loses at most the vectors it was writing, and readers need no lock.
Both files are memory-mapped; checksums are tried when a row is first asked for. Pages that `get` and the checksums read
are given back: the system keeps them in its cache, but they no longer count as this process's memory.

It is a cache: keys that are none are set aside with a warning, and files that are deleted while in use are written
again from what is still mapped.
"""

import contextlib
import copy
import logging
import mmap
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from evaluators.embeddings.embedding_rows import KEY_BYTES, ROW, KeyIndex, digest, key_in, key_row, keys_of, prefixes
from evaluators.embeddings.stored_vectors import StoredVectors
from evaluators.errors import StoreError
from evaluators.models.image_text_model import FloatArray
from evaluators.precision import StoredAs
from evaluators.printable import printable

__all__ = ["EmbeddingStore"]

UNTRIED, HOLDS, DAMAGED = range(3)
ROWS_AT_ONCE = 4096
READ_BEFORE_GIVEN_BACK = 256
"""Rows of vectors. With each the system may map hundreds of kilobytes around it."""
logger = logging.getLogger(__name__)


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
        self.name = folder.name
        """What tells its vectors from those of other models, inputs and precisions."""
        self._dtype = np.dtype("<f2" if stored_as == "fp16" else "<f4")
        self._keys_path = folder / "keys.bin"
        self._vectors_path = folder / f"vectors.f{8 * self._dtype.itemsize}"
        self._lock = FileLock(folder / "lock")
        self._told_of_damage = False
        try:
            self._begin()
            self._refresh()
            ends = (0, len(self._states) - 1)
            if self._states and not any(key_in(self._key_rows, row) for row in ends):
                self._set_aside()
        except OSError as error:
            raise self._failure(error) from error
        if self._keys_path.stat().st_size // ROW.size > len(self._states):
            self._tell_of_damage()

    def missing(self, keys: Sequence[bytes]) -> list[bytes]:
        """The keys that have no vector here, each once, in the given order."""
        rows = self._current_rows(keys)
        return list(dict.fromkeys(key for key, row in zip(keys, rows.tolist(), strict=True) if row < 0))

    def get(self, keys: Sequence[bytes]) -> FloatArray:
        """The vectors [len(keys), D] of the keys, in memory.

        Raises:
            StoreError: if a key has no vector; ask `missing` first.
        """
        vectors = self.view(keys)[:]
        self._note_read(len(keys))
        return vectors

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

    def _begin(self) -> None:
        """Know nothing of the files, which are made where they are missing."""
        self._index = KeyIndex()
        self._states = bytearray()  # of every row: whether its checksums were tried
        self._vectors: NDArray[np.float32 | np.float16] = np.empty((0, self.width), dtype=self._dtype)
        self._key_rows, self._vector_bytes = memoryview(b""), memoryview(b"")
        self._mapped: mmap.mmap | None = None
        self._read = 0  # rows since pages were given back
        self._keys_path.parent.mkdir(parents=True, exist_ok=True)
        if not self._keys_path.exists():
            with self._lock:
                if not self._keys_path.exists():
                    # Another process may have them mapped still, and must not see the file shrink.
                    self._vectors_path.unlink(missing_ok=True)
                    self._keys_path.touch()
        self._vectors_path.touch()
        self._files = self._files_now()

    def _files_now(self) -> list[int | None]:
        """What tells the files from others of their names."""
        return [path.stat().st_ino if path.exists() else None for path in (self._keys_path, self._vectors_path)]

    def _set_aside(self) -> None:
        """Give files whose keys are none another name, unless another process has done so meanwhile."""
        with self._lock:
            if self._files_now() == self._files:
                for path in (self._keys_path, self._vectors_path):
                    path.replace(path.with_name(f"{path.name}.damaged"))
                logger.warning(
                    "the embedding store %s is damaged: it is set aside as *.damaged, and embeddings are made again",
                    printable(str(self._keys_path.parent)),
                )
            self._begin()
        self._refresh()

    def _write_again(self) -> None:
        """The files are gone, or others: what is still mapped of the old ones goes into the new ones."""
        logger.warning(
            "the embedding store %s was deleted while it was in use; it is written again",
            printable(str(self._keys_path.parent)),
        )
        lost = copy.copy(self)
        lost._states = bytearray(len(self._states))  # to be tried again: the file may have been written to
        self._begin()
        with self._lock:
            self._refresh()
            for start in range(0, len(lost._states), ROWS_AT_ONCE):
                rows = range(start, min(start + ROWS_AT_ONCE, len(lost._states)))
                held = {key: row for row in rows if lost._holds(row, key := lost._key(row))}
                absent = self._find(list(held)) < 0
                fresh = [key for key, is_absent in zip(held, absent, strict=True) if is_absent]
                self._append(fresh, lost._vectors[[held[key] for key in fresh]].astype(np.float32))
                self._refresh()

    def _append(self, digests: list[bytes], vectors: "NDArray[np.float32 | np.float16]") -> None:
        rows_on_disk = self._keys_path.stat().st_size // ROW.size
        payloads = [v.tobytes() for v in np.ascontiguousarray(vectors, dtype=self._dtype)]
        with self._vectors_path.open("r+b") as file:
            file.truncate(rows_on_disk * self._vector_size)
            file.seek(0, 2)
            file.write(b"".join(payloads))
        with self._keys_path.open("r+b") as file:
            file.truncate(rows_on_disk * ROW.size)
            file.seek(0, 2)
            file.write(b"".join(key_row(d, p) for d, p in zip(digests, payloads, strict=True)))

    def _refresh(self) -> bool:
        """Take in what this or another process has appended since the last look; whether there was anything."""
        try:
            if self._files_now() != self._files:
                self._write_again()
                return True
            known = len(self._states)
            in_keys = self._keys_path.stat().st_size // ROW.size
            rows = min(in_keys, self._vectors_path.stat().st_size // self._vector_size)
            if rows <= known:
                return False
            key_rows = _mapped(self._keys_path, rows * ROW.size)
            self._mapped, self._read = _mapped(self._vectors_path, rows * self._vector_size), 0
        except OSError as error:
            raise self._failure(error) from error
        self._vectors = np.frombuffer(self._mapped, dtype=self._dtype).reshape(rows, self.width)
        self._key_rows, self._vector_bytes = memoryview(key_rows), memoryview(self._mapped)
        self._index.add(prefixes(self._key_rows[known * ROW.size :], ROW.size))
        self._states.extend(bytes([UNTRIED]) * (rows - known))
        return True

    def _current_rows(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        rows = self._rows(keys)
        return self._rows(keys) if (rows < 0).any() and self._refresh() else rows

    def _rows(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """For each key its row, or -1."""
        return self._find([digest(key) for key in keys])

    def _find(self, digests: Sequence[bytes]) -> NDArray[np.int64]:
        joined = b"".join(digests)
        wanted = prefixes(joined, KEY_BYTES)
        found = self._found_alone(joined, self._index.lone(wanted))
        rest = np.flatnonzero(found < 0)
        for place, rows in zip(rest.tolist(), self._index.find(wanted[rest]), strict=True):
            found[place] = next((row for row in rows if self._holds(row, digests[place])), -1)
        return found

    def _found_alone(self, digests: bytes, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of rows that may have these keys those that have, and whose checksums hold; -1 for the others."""
        places = np.flatnonzero(rows >= 0)
        if not len(places):
            return rows
        some = rows[places]
        there = (keys_of(self._key_rows)[some] == np.frombuffer(digests, dtype="<u8").reshape(-1, 4)[places]).all(1)
        states = np.frombuffer(self._states, dtype=np.uint8)
        for row in some[there & (states[some] == UNTRIED)].tolist():
            self._try(row)
        found = np.full(len(rows), -1)
        found[places] = np.where(there & (states[some] == HOLDS), some, -1)
        return found

    def _holds(self, row: int, wanted: bytes) -> bool:
        """Whether a row is this key's, and undamaged; a damaged one counts as absent, so that it is made again."""
        if self._key(row) != wanted:
            return False
        if self._states[row] == UNTRIED:
            self._try(row)
        return self._states[row] == HOLDS

    def _try(self, row: int) -> None:
        """Find out whether the checksums of a row hold."""
        size = self._vector_size
        found = key_in(self._key_rows, row)
        whole = found is not None and found[1] == zlib.crc32(self._vector_bytes[row * size : (row + 1) * size])
        self._note_read(1)
        self._states[row] = HOLDS if whole else DAMAGED
        if not whole:
            self._tell_of_damage()

    def _note_read(self, rows: int) -> None:
        """Count rows that were read, and give their pages back where they are many; a system may refuse it."""
        self._read += rows
        if self._read >= READ_BEFORE_GIVEN_BACK and self._mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            with contextlib.suppress(OSError):
                self._mapped.madvise(mmap.MADV_DONTNEED)
            self._read = 0

    def _key(self, row: int) -> bytes:
        key: bytes = ROW.unpack_from(self._key_rows, row * ROW.size)[0]
        return key

    def _tell_of_damage(self) -> None:
        if not self._told_of_damage:
            logger.warning(
                "the embedding store %s is damaged in places; what can't be read is made again",
                printable(str(self._keys_path.parent)),
            )
        self._told_of_damage = True

    @property
    def _vector_size(self) -> int:
        return self.width * self._dtype.itemsize

    def _failure(self, error: OSError) -> StoreError:
        return StoreError(
            f"the embedding store {self._keys_path.parent} can't be used: {error.strerror or error}; "
            "free some disk space, mend the permissions, or choose another cache directory"
        )


def _mapped(path: Path, size: int) -> mmap.mmap:
    """The first bytes of a file, mapped to be read.

    Raises:
        OSError: if it can't be, as where the file has become shorter.
    """
    with path.open("rb") as file:
        try:
            return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise OSError(f"{path.name}: {error}") from error
