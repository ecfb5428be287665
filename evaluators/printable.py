"""Text on a terminal: whatever it holds, it stays on its line and can't steer the terminal."""

__all__ = ["printable"]


def printable(text: str) -> str:
    r"""The text with control characters, direction marks and bytes that are not UTF-8 written as escapes.

    >>> print(printable("cat\x1b[2J\n.png"))
    cat\x1b[2J\n.png
    >>> print(printable("caf\udce9"))
    caf\udce9
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
