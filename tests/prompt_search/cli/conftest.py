"""The program run in a folder with pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from prompt_search.cli.main import run_program
from tests.prompt_search.conftest import paint


@dataclass
class Done:
    """What a command left on the terminal."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A working folder with pictures."""
    paint(tmp_path / "images")
    return tmp_path


@pytest.fixture
def program(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the program in the working folder, with a cache of its own."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("PROMPT_SEARCH_CACHE", str(place / "cache"))
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str, check: int = 0) -> Done:
        capsys.readouterr()
        code = run_program(arguments)
        printed = capsys.readouterr()
        assert code == check, printed.err
        return Done(code, printed.out, printed.err)

    return run
