"""Files and classes to read them for."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluators import ClassLabel
from prompt_search.prompt_files.reading.by_class import Format
from prompt_search.prompt_files.reading.read import ImportedPrompts, import_prompts

COLOURS = tuple(ClassLabel(name, name) for name in ("blue", "green", "red"))
Import = Callable[..., ImportedPrompts]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Writes a file and reads it."""

    def write_and_read(
        content: object,
        name: str = "mine.json",
        part: str = "",
        classes: tuple[ClassLabel, ...] = COLOURS,
        stated: Format | None = None,
    ) -> ImportedPrompts:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return import_prompts(f"{path}{part}", classes, stated)

    return write_and_read
