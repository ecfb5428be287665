"""What the package offers, and what it may not know."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import optimizers

FOLDER = Path(optimizers.__file__).parent
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
    assert len(set(optimizers.__all__)) == len(optimizers.__all__)
    assert [name for name in optimizers.__all__ if not hasattr(optimizers, name)] == []


@pytest.mark.parametrize("name", optimizers.__all__)
def test_a_public_class_or_function_and_its_public_methods_are_documented(name: str) -> None:
    thing = getattr(optimizers, name)
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        assert thing
        return
    members = vars(thing).items() if inspect.isclass(thing) else ()
    public = [value for key, value in members if not key.startswith("_")]
    functions = [m for m in public if inspect.isfunction(m) or isinstance(m, property | classmethod)]
    assert [m for m in [thing, *functions] if not (m.__doc__ or "").strip()] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_module_knows_no_run_and_no_provider(source: Path) -> None:
    forbidden = {"prompt_search", "tests", "openai", "litellm", "xllamacpp", "datasets", "torch", "open_clip", "numpy"}
    assert not imported_packages(source) & forbidden


def test_importing_the_package_does_not_import_torch() -> None:
    heavy = "torch", "open_clip", "torchvision", "PIL"
    code = f"import sys, optimizers; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
