"""The rows of an embedding store's key file: a key, the checksum of its vector, and a checksum of the two."""

import hashlib
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["KEY_BYTES", "ROW", "digest", "key_in", "key_row", "prefixes"]

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
    key, checksum, own = ROW.unpack_from(rows, row * ROW.size)
    return (key, checksum) if own == _own_checksum(key, checksum) else None


def prefixes(rows: bytes | memoryview, size: int) -> NDArray[np.uint64]:
    """The first 8 bytes of every row of this size."""
    found: NDArray[np.uint64] = np.frombuffer(rows, dtype=[("prefix", "<u8"), ("rest", f"V{size - 8}")])["prefix"]
    return found


def _own_checksum(key: bytes, checksum: int) -> int:
    return zlib.crc32(key + struct.pack("<I", checksum))
