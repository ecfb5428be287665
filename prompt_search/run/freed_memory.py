"""Memory that was freed, given back to the system."""

import ctypes
import sys

__all__ = ["give_back_memory"]


def give_back_memory() -> None:
    """Have the C library return what it keeps of freed memory, on Linux with glibc; elsewhere nothing is done.

    What a search among many classes frees are millions of small pieces, in pages that glibc keeps for others of their
    size: with 1,000 classes hundreds of megabytes, which what comes after the search has no use for.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
