"""Runs the examples as a user would: as scripts, in an empty folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.examples.bundled_photos import newcomers_cache

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

Example = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of all examples."""
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def example(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Example:
    """Runs an example with arguments and expects it to end with `check`."""
    environment = os.environ | {"PROMPT_SEARCH_CACHE": str(newcomers_cache(tmp_path_factory))}

    def run(name: str, *arguments: str, check: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(EXAMPLES / name), *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == check, done.stderr
        return done

    return run
