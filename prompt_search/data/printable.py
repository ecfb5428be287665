"""File names on a terminal: whatever a name holds, it stays on its line and can't steer the terminal."""

from collections.abc import Sequence

__all__ = ["listed", "printable"]


def printable(text: str) -> str:
    r"""The text with control characters, direction marks and bytes that are not UTF-8 written as escapes.

    >>> print(printable("cat\x1b[2J\n.png"))
    cat\x1b[2J\n.png
    >>> print(printable("caf\udce9"))
    caf\udce9
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def listed(names: Sequence[str], most: int = 10) -> str:
    """The names, quoted and escaped, joined by commas; after `most` of them only how many more there are.

    >>> listed(["cat", "dog", "owl"], most=2)
    "'cat', 'dog' and 1 more"
    """
    shown = ", ".join(f"'{printable(name)}'" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
