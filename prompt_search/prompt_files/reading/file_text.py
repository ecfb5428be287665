"""The text of a prompt file, whatever program saved it."""

import codecs
from pathlib import Path

from prompt_search.errors import PromptError

__all__ = ["read_text"]

LARGEST_FILE = 512 * 2**20
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16, so it is looked for first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
SAMPLE = 400


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, or in UTF-16 or UTF-32 as Windows programs save it; line ends are `\\n`.

    Raises:
        PromptError: if the file can't be read, or is not text, with the line where it isn't.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PromptError(f"{path} is larger than {LARGEST_FILE >> 20} MB: not a prompt file")
        content = path.read_bytes()
    except OSError as error:
        raise PromptError(f"{path} can't be read: {error.strerror or error}") from error
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PromptError(
            f"{path}, line {line}, can't be read as {encoding.upper()}; save the file as UTF-8"
        ) from error
    if "\0" in text:
        raise PromptError(f"{path} is not a text file")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(content: bytes) -> str:
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return encoding
    even, odd = content[:SAMPLE:2].count(0), content[1:SAMPLE:2].count(0)
    if max(even, odd) * 4 > min(len(content), SAMPLE):  # half of all bytes are zero in UTF-16 of Western text
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"
