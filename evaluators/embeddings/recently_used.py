"""A cache that forgets what was not asked for the longest, so that a search may run for days."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["RecentlyUsed"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class RecentlyUsed(Generic[Key, Value]):
    """The most recently used values, as many as fit.

    Args:
        limit: bytes that all entries may take together; what is put in last stays even if it alone takes more.

    >>> cache: RecentlyUsed[str, int] = RecentlyUsed(limit=20)
    >>> for name in "ab":
    ...     cache.put(name, ord(name), size=10)
    >>> cache.get("a")
    97
    >>> cache.put("c", 99, size=10)
    >>> cache.get("b") is None, cache.get("a")
    (True, 97)
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """The value, from now on the most recently used; `None` if it is not there, or no longer."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Remember a value of about `size` bytes, and forget others if need be."""
        if key in self._entries:
            self.size -= self._entries.pop(key)[1]
        self._entries[key] = (value, size)
        self.size += size
        while self.size > self.limit and len(self._entries) > 1:
            _, (_, freed) = self._entries.popitem(last=False)
            self.size -= freed
