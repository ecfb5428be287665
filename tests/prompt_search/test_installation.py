"""Whatever is missing is installed from where the project itself came from."""

import importlib.metadata
import importlib.util
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import prompt_search
from prompt_search import installation
from prompt_search.installation import install_command

CHECKOUT = Path(__file__).resolve().parents[2]


class Installed:
    """A distribution with what its installer wrote down."""

    def __init__(self, origin: str | None) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self.origin


@pytest.fixture
def with_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: real("json" if name == "pip" else name))


@pytest.mark.usefixtures("with_pip")
@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, "pip install 'prompt-search[hf]'"),
        ("not JSON", "pip install 'prompt-search[hf]'"),
        ("[]", "pip install 'prompt-search[hf]'"),
        ({"url": "file:///home/me/clone", "dir_info": {}}, "pip install '.[hf]'"),
        (
            {"url": "file:///home/me/prompt_search-1-py3-none-any.whl", "archive_info": {}},
            "pip install 'prompt-search[hf] @ file:///home/me/prompt_search-1-py3-none-any.whl'",
        ),
        (
            {"url": "https://example.org/p.git", "vcs_info": {"vcs": "git", "commit_id": "0"}},
            "pip install 'prompt-search[hf] @ git+https://example.org/p.git'",
        ),
    ],
)
def test_an_extra_comes_from_where_the_project_came_from(
    origin: Any, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = origin if origin is None or isinstance(origin, str) else json.dumps(origin)
    monkeypatch.setattr(installation, "CHECKOUT", tmp_path)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Installed(written))
    assert install_command("hf") == command


@pytest.mark.usefixtures("with_pip")
def test_in_a_checkout_it_is_the_checkout() -> None:
    assert install_command("heif") == "pip install '.[heif]'"
    assert install_command() == "pip install ."
    assert install_command(again=True) == "pip install --force-reinstall --no-deps ."


def test_an_environment_of_uv_has_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert install_command("hf") == "uv pip install '.[hf]'"
    assert install_command(again=True) == "uv pip install --reinstall --no-deps ."


def test_without_any_record_it_is_the_package_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(installation, "CHECKOUT", tmp_path)
    monkeypatch.setattr(importlib.metadata, "distribution", unknown)
    assert install_command("hf").endswith("pip install 'prompt-search[hf]'")


def test_the_version_is_said_in_one_place() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "prompt_search.__version__"}
    assert prompt_search.__version__[0].isdigit()


def test_the_changelog_tells_of_the_version() -> None:
    released = [line for line in (CHECKOUT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## [")]
    assert released[0] == "## [Unreleased]"
    assert released[1].startswith(f"## [{prompt_search.__version__}] - ")
