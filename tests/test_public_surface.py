"""What the two lower packages offer, and what they may not know."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import evaluators
import optimizers

PACKAGES = (evaluators, optimizers)
NAMES = [(package, name) for package in PACKAGES for name in package.__all__]
PROVIDERS = {"prompt_search", "tests", "openai", "litellm", "xllamacpp", "datasets"}
FORBIDDEN = {
    evaluators: PROVIDERS | {"optimizers", "typer", "rich"},
    optimizers: PROVIDERS | {"torch", "open_clip", "numpy"},
}


def folder(package: ModuleType) -> Path:
    assert package.__file__
    return Path(package.__file__).parent


SOURCES = [(package, source) for package in PACKAGES for source in sorted(folder(package).rglob("*.py"))]


def imported_packages(source: Path) -> set[str]:
    """The top-level packages a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_resolve_and_are_listed_once(package: ModuleType) -> None:
    assert len(set(package.__all__)) == len(package.__all__)
    assert [name for name in package.__all__ if not hasattr(package, name)] == []


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_a_public_class_or_function_and_its_public_methods_are_documented(package: ModuleType, name: str) -> None:
    thing = getattr(package, name)
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        assert thing
        return
    members = vars(thing).items() if inspect.isclass(thing) else ()
    public = [value for key, value in members if not key.startswith("_")]
    functions = [m for m in public if inspect.isfunction(m) or isinstance(m, property | classmethod)]
    assert [m for m in [thing, *functions] if not (m.__doc__ or "").strip()] == []


@pytest.mark.parametrize(("package", "source"), SOURCES, ids=[source.name for _, source in SOURCES])
def test_a_module_knows_nothing_above_it_and_no_provider(package: ModuleType, source: Path) -> None:
    assert not imported_packages(source) & FORBIDDEN[package]


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_does_not_import_torch(package: ModuleType) -> None:
    heavy = "torch", "open_clip", "torchvision", "PIL"
    code = f"import sys, {package.__name__}; print([name for name in {heavy} if name in sys.modules])"
    where = folder(package).parent
    done = subprocess.run([sys.executable, "-c", code], cwd=where, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
