"""File names on a terminal."""

from collections.abc import Sequence

from evaluators.printable import counted, printable

__all__ = ["counted", "listed", "printable", "told_of"]


def listed(names: Sequence[str], most: int = 10) -> str:
    """The names, quoted and escaped, joined by commas; after `most` of them only how many more there are.

    >>> listed(["cat", "dog", "owl"], most=2)
    "'cat', 'dog' and 1 more"
    """
    shown = ", ".join(f"'{printable(name)}'" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def told_of(names: Sequence[str], one: str, many: str, most: int = 10) -> str:
    """The names, and what is said of one, or of several.

    >>> told_of(["cat"], "is no split", "are no splits"), told_of(["cat", "dog"], "is no split", "are no splits")
    ("'cat' is no split", "'cat', 'dog' are no splits")
    """
    return f"{listed(names, most)} {one if len(names) == 1 else many}"
