"""Files that grow by a line at a time, as a crash or a power cut leaves them."""

__all__ = ["sound_length"]

NOTHING = b"\0 \t\r\n"


def sound_length(content: bytes) -> int:
    r"""How many bytes of a file of lines are whole lines: what follows was being written, or is NUL bytes or blanks.

    >>> sound_length(b"one\ntwo\nthr"), sound_length(b"one\n\0\0\0\0\n"), sound_length(b"one\n\n \n")
    (8, 4, 4)
    """
    whole = content[: content.rfind(b"\n") + 1]
    kept = len(whole.rstrip(NOTHING))
    return whole.find(b"\n", kept) + 1 if kept else 0
