"""File names on a terminal."""

from collections.abc import Sequence

from evaluators.printable import printable

__all__ = ["listed", "printable"]


def listed(names: Sequence[str], most: int = 10) -> str:
    """The names, quoted and escaped, joined by commas; after `most` of them only how many more there are.

    >>> listed(["cat", "dog", "owl"], most=2)
    "'cat', 'dog' and 1 more"
    """
    shown = ", ".join(f"'{printable(name)}'" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
