"""The rows of an embedding store's key file, and an index of them.

A row is a key, the checksum of its vector, and a checksum of the two.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["KEY_BYTES", "ROW", "KeyIndex", "digest", "key_in", "key_row", "keys_of", "prefixes"]


MOST_RECENT = 2**14
"""Rows that are kept unsorted: sorting after every write would cost more than the writes."""


class KeyIndex:
    """Finds rows by the first 8 bytes of their keys.

    Nearly all rows are in a sorted array; those that came since it was last sorted are in a dictionary. Keys are
    digests, so two of them hardly ever begin alike; the one who asks compares the rest.

    >>> index = KeyIndex()
    >>> index.add(np.array([7, 5, 7], dtype=np.uint64))
    >>> list(index.find(np.array([7, 6], dtype=np.uint64)))
    [[2, 0], []]
    """

    def __init__(self) -> None:
        self._prefixes: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._rows: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._recent: dict[int, list[int]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, prefixes: NDArray[np.uint64]) -> None:
        """Take in the next rows by their prefixes [n]."""
        for row, prefix in enumerate(prefixes[:MOST_RECENT].tolist(), start=self._length):
            self._recent.setdefault(prefix, []).append(row)
        rest = np.arange(self._length + len(prefixes[:MOST_RECENT]), self._length + len(prefixes))
        self._length += len(prefixes)
        if len(self._recent) >= MOST_RECENT or rest.size:
            self._sort(prefixes[MOST_RECENT:], rest)

    def find(self, prefixes: NDArray[np.uint64]) -> Iterator[list[int]]:
        """For each prefix the rows that have it, newest first."""
        starts = np.searchsorted(self._prefixes, prefixes, "left").tolist()
        ends = np.searchsorted(self._prefixes, prefixes, "right").tolist()
        for prefix, start, end in zip(prefixes.tolist(), starts, ends, strict=True):
            yield [*reversed(self._recent.get(prefix, ())), *self._rows[start:end][::-1].tolist()]

    def lone(self, prefixes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """For each prefix the row among the sorted that has it, or -1 where none or several have.

        >>> index = KeyIndex()
        >>> index.add(np.array([9] * MOST_RECENT + [7, 5, 7], dtype=np.uint64))
        >>> (index.lone(np.array([7, 5, 6], dtype=np.uint64)) - MOST_RECENT).clip(-1).tolist()
        [-1, 1, -1]
        """
        if not len(self._prefixes):
            return np.full(len(prefixes), -1)
        starts = np.searchsorted(self._prefixes, prefixes, "left")
        near = np.minimum(starts, len(self._prefixes) - 1)
        after = np.minimum(starts + 1, len(self._prefixes) - 1)
        alone = (after == near) | (self._prefixes[after] != prefixes)
        return np.where((self._prefixes[near] == prefixes) & alone, self._rows[near], -1)

    def _sort(self, prefixes: NDArray[np.uint64], rows: NDArray[np.int64]) -> None:
        """Bring the recent rows, and these newer ones, among the sorted."""
        recent = [(prefix, row) for prefix, own in self._recent.items() for row in own]
        all_prefixes = np.concatenate(
            [self._prefixes, np.array([prefix for prefix, _ in recent], dtype=np.uint64), prefixes]
        )
        all_rows = np.concatenate([self._rows, np.array([row for _, row in recent], dtype=np.int64), rows])
        order = np.argsort(all_prefixes, kind="stable")  # stable: rows of one prefix stay in their order
        self._prefixes, self._rows, self._recent = all_prefixes[order], all_rows[order], {}


KEY_BYTES = 32
ROW = struct.Struct(f"<{KEY_BYTES}sII")  # key, crc32 of the vector, crc32 of the two before it


def digest(key: bytes) -> bytes:
    """Keys of any length as rows of one length."""
    return hashlib.sha256(key).digest()


def key_row(key: bytes, vector: bytes) -> bytes:
    """The row of a key and the bytes of its vector."""
    checksum = zlib.crc32(vector)
    return ROW.pack(key, checksum, _own_checksum(key, checksum))


def key_in(rows: bytes | memoryview, row: int) -> tuple[bytes, int] | None:
    """The key of a row and the checksum of its vector; None if the row is damaged.

    >>> key_in(key_row(digest(b"cat"), b"vector"), 0) == (digest(b"cat"), zlib.crc32(b"vector"))
    True
    >>> key_in(bytes(ROW.size), 0) is None
    True
    """
    start = row * ROW.size
    key, checksum, own = ROW.unpack_from(rows, start)
    return (key, checksum) if own == zlib.crc32(rows[start : start + KEY_BYTES + 4]) else None


def keys_of(rows: bytes | memoryview) -> NDArray[np.uint64]:
    """The keys of all rows, [n, 4], without a look at their checksums."""
    found: NDArray[np.uint64] = np.frombuffer(rows, dtype=[("key", "<u8", 4), ("rest", "V8")])["key"]
    return found


def prefixes(rows: bytes | memoryview, size: int) -> NDArray[np.uint64]:
    """The first 8 bytes of every row of this size."""
    found: NDArray[np.uint64] = np.frombuffer(rows, dtype=[("prefix", "<u8"), ("rest", f"V{size - 8}")])["prefix"]
    return found


def _own_checksum(key: bytes, checksum: int) -> int:
    return zlib.crc32(key + struct.pack("<I", checksum))
