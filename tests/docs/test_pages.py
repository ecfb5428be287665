"""The pages of `docs/`: every command and snippet is run, or checked where it needs a key, a network, a cluster."""

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

from prompt_search.cli.main import app, run_program
from tests.examples.bundled_photos import newcomers_cache, photos

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*?)(?:  # exits with (\d))?$", re.MULTILINE)
RUN_FIRST = "getting_started.md"
"""Other pages go on with the run that it makes."""


def blocks(page: str, kind: str) -> list[str]:
    return [code for found, code in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")) if found == kind]


def commands(page: str) -> list[tuple[str, int]]:
    """The commands that are run, and how each exits."""
    found = COMMAND.findall("".join(blocks(page, "console")))
    return [(command, int(code or 0)) for command, code in found]


def checked(page: str) -> list[str]:
    """The commands of ours that are not run."""
    lines = "".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [line.partition("  #")[0] for line in lines if line.startswith("prompt-search ")]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a person with images, `my_images`, and prompts of their own, `mine.txt`."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("cat", "horse", "ship"):
        (folder / "my_images" / name).mkdir(parents=True)
        for number, picture in enumerate(photos(name, "test")[:12]):
            picture.save(folder / "my_images" / name / f"{number:03}.png")
    (folder / "mine.txt").write_text("a picture of a {}.\n")
    return folder


@pytest.fixture
def at_desk(desk: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMPT_SEARCH_CACHE", str(newcomers_cache(tmp_path_factory)))
    monkeypatch.chdir(desk)
    return desk


@pytest.fixture
def with_run(at_desk: Path) -> Path:
    """The desk after `getting_started.md`."""
    if not (at_desk / "runs" / "mine").exists():
        for command, code in commands(RUN_FIRST):
            assert run_program(shlex.split(command)[1:]) == code, command
    return at_desk


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_the_commands_of_a_page_run(page: str, with_run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if page == RUN_FIRST:
        return  # they made the run
    for command, code in commands(page):
        program, *arguments = shlex.split(command)
        assert program == "prompt-search", command
        assert run_program(arguments) == code, f"{command}\n{capfd.readouterr().err}"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: str, with_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    for code in blocks(page, "python"):
        exec(compile(code, page, "exec"), module.__dict__)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "py")])
def test_the_python_for_big_programs_runs_after_its_exports(page: str, with_run: Path) -> None:
    """Blocks marked `py`, for what only `make test-all` installs."""
    for line in checked(page):
        if line.startswith("prompt-search export "):
            assert run_program(shlex.split(line)[1:]) == 0, line
    module = ModuleType("page")
    for code in blocks(page, "py"):
        exec(compile(code, page, "exec"), module.__dict__)


@pytest.mark.parametrize("page", [page for page in PAGES if checked(page)])
def test_options_of_commands_that_are_not_run_exist(page: str) -> None:
    for line in checked(page):
        check_options(shlex.split(line)[1:])


def check_options(arguments: list[str]) -> None:
    """Read the arguments as the command line does, but do nothing."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    context = command.context_class(command)
    command.make_parser(context).parse_args(arguments)


def test_a_command_with_an_option_that_does_not_exist_would_be_found() -> None:
    with pytest.raises(Exception, match="max-dollars"):
        check_options(["run", "my_images", "--max-dollars", "3"])


def test_a_command_that_does_not_exist_would_be_found() -> None:
    with pytest.raises(KeyError, match="walk"):
        check_options(["walk", "my_images"])
