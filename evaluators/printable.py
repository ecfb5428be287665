"""Text on a terminal: whatever it holds, it stays on its line and can't steer the terminal."""

__all__ = ["counted", "printable"]


def printable(text: str) -> str:
    r"""The text with control characters, direction marks and bytes that are not UTF-8 written as escapes.

    >>> print(printable("cat\x1b[2J\n.png"))
    cat\x1b[2J\n.png
    >>> print(printable("caf\udce9"))
    caf\udce9
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def counted(n: int, one: str, many: str = "") -> str:
    """How many there are, in the grammar of that number.

    Args:
        n: how many.
        one: what follows 1: a noun, or one with its verb.
        many: what follows other numbers; by default `one` with an s.

    >>> counted(1, "run"), counted(0, "run"), counted(2, "class is", "classes are")
    ('1 run', '0 runs', '2 classes are')
    """
    return f"{n} {one if n == 1 else many or one + 's'}"
