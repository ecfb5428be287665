"""What a prompt file writes down, in whichever notation: templates, or texts by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from prompt_search.errors import PromptError
from prompt_search.prompt_files.prompts_json import parse_json
from prompt_search.prompt_files.reading.file_text import read_text
from prompt_search.prompt_files.reading.pasted_lines import template_lines
from prompt_search.prompt_files.reading.python_texts import NotPlain, python_value

__all__ = ["Source", "read_source"]


@dataclass(frozen=True, slots=True)
class Source:
    """The content of a file.

    Attributes:
        path: the file.
        value: a JSON value: a list of templates, or lists by name.
        notation: how it is written, for a person.
        lines: where a text stands, in files that people write by hand.
    """

    path: Path
    value: Any
    notation: str
    lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def place(self, text: str, among: Sequence[Any] = ()) -> str:
        """Where a text stands: `mine.txt, line 3`."""
        if text in self.lines:
            return f"{self.path}, line {self.lines[text]}"
        return f"{self.path}, entry {list(among).index(text) + 1}" if text in among else str(self.path)


def read_source(path: Path) -> Source:
    """Read a file as JSON, as lists of texts in Python's notation, or as templates one a line.

    The ending `.json` (in any case) must hold what it says; any other file is taken for what its content is.

    Raises:
        PromptError: if it can't be read, or a line is none of these.
    """
    text = read_text(path)
    ends_in_json = path.suffix.lower() == ".json"
    if ends_in_json or text.lstrip()[:1] in ("[", "{"):
        try:
            return Source(path, parse_json(text, path), "JSON")
        except PromptError:
            python = _python(text, path)
            if python is None and ends_in_json:
                raise
            if python is not None:
                return python
    return _python(text, path) or _lines(text, path)


def _python(text: str, path: Path) -> Source | None:
    try:
        parsed = python_value(text)
    except NotPlain as error:
        raise _at_line(path, error) from None
    except RecursionError:
        raise PromptError(f"{path} is nested too deeply for a list of templates") from None
    return None if parsed is None else Source(path, parsed[0], "Python's notation", parsed[1])


def _lines(text: str, path: Path) -> Source:
    try:
        numbered = template_lines(text)
    except RecursionError:
        raise PromptError(f"{path} is nested too deeply for a list of templates") from None
    except NotPlain as error:
        raise _at_line(path, error) from None
    lines: dict[str, int] = {}
    for number, line in numbered:
        lines.setdefault(line, number)
    return Source(path, [line for _, line in numbered], "one a line", lines)


def _at_line(path: Path, error: NotPlain) -> PromptError:
    return PromptError(f"{path}, line {error.line}: {error}; write one template a line, with {{}} for the class name")
