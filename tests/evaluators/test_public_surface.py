"""What the package offers, and what it may not know."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import evaluators

FOLDER = Path(evaluators.__file__).parent
SOURCES = sorted(FOLDER.glob("*.py"))


def imported_packages(source: Path) -> set[str]:
    """The top-level packages a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def test_public_names_resolve_and_are_sorted_once() -> None:
    assert len(set(evaluators.__all__)) == len(evaluators.__all__)
    assert [name for name in evaluators.__all__ if not hasattr(evaluators, name)] == []


@pytest.mark.parametrize("name", evaluators.__all__)
def test_a_public_class_or_function_and_its_public_methods_are_documented(name: str) -> None:
    thing = getattr(evaluators, name)
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        assert thing
        return
    members = vars(thing).items() if inspect.isclass(thing) else ()
    public = [value for key, value in members if not key.startswith("_")]
    functions = [m for m in public if inspect.isfunction(m) or isinstance(m, property | classmethod)]
    assert [m for m in [thing, *functions] if not (m.__doc__ or "").strip()] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_module_knows_no_search_no_language_model_and_no_run(source: Path) -> None:
    forbidden = {"optimizers", "prompt_search", "tests", "openai", "litellm", "xllamacpp", "datasets", "typer", "rich"}
    assert not imported_packages(source) & forbidden


def test_importing_the_package_does_not_import_torch() -> None:
    heavy = "torch", "open_clip", "torchvision", "PIL"
    code = f"import sys, evaluators; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
