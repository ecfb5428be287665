"""What `doctor` finds, and that it tells no key."""

import importlib.util
import json
from pathlib import Path

import pytest
import typer

from prompt_search.cli.doctor_command import doctor
from prompt_search.doctor import Check, diagnose, diagnose_language_model
from prompt_search.errors import SettingsError
from prompt_search.installation import install_command


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def found(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Let the packages seem not installed."""
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in packages else real(name))


def test_what_every_installation_has_is_usable(tmp_path: Path) -> None:
    checks = found(diagnose(tmp_path))
    assert all(checks[name].usable for name in ("torch", "devices", "open_clip", "bundled", "xllamacpp", "cache"))
    assert "cpu" in checks["devices"].found
    assert "mini-clip" in checks["bundled"].found


def test_gpus_are_named_by_torch_where_there_is_a_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prompt_search.doctor._has_gpu_driver", lambda: True)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda index: f"Fast {index}")
    assert found(diagnose(tmp_path))["devices"].found.endswith("cores; cuda:0 Fast 0; cuda:1 Fast 1")


def test_what_is_missing_is_named_with_the_exact_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "litellm", "gguf", "mlflow", "wandb")
    monkeypatch.setattr("prompt_search.doctor.find_local_model", lambda cache_dir: None)
    checks = found(diagnose(tmp_path))
    assert {name: check.fix for name, check in checks.items() if not check.usable} == {
        "local": "prompt-search llm install",
        "transformers": install_command("hf"),
        "OPENAI_API_KEY": "export OPENAI_API_KEY=..., or OPENAI_API_KEY_FILE=PATH",
        "litellm": install_command(),
        "other keys": "export the provider's variable, e.g. ANTHROPIC_API_KEY=...",
        "mlflow": install_command("mlflow"),
        "wandb": install_command("wandb"),
    }
    assert "gguf not installed" in checks["transformers"].found


def test_keys_are_told_by_name_and_never_by_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-1")
    (tmp_path / "key").write_text("sk-secret-2\n")
    monkeypatch.setenv("ANTHROPIC_API_KEY_FILE", str(tmp_path / "key"))
    checks = found(diagnose(tmp_path / "cache"))
    assert checks["OPENAI_API_KEY"].found == "set"
    assert checks["other keys"].found == "set: ANTHROPIC_API_KEY"
    assert "sk-secret" not in str(checks)


def test_a_key_file_that_can_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(tmp_path / "none"))
    check = found(diagnose(tmp_path))["OPENAI_API_KEY"]
    assert not check.usable
    assert "OPENAI_API_KEY_FILE" in check.found


def test_the_cache_is_told_with_its_size_and_a_place_that_can_not_be_one(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "file").write_bytes(bytes(3 * 2**20))
    assert f"{tmp_path / 'cache'}, 3 MB," in found(diagnose(tmp_path / "cache"))["cache"].found
    check = found(diagnose(tmp_path / "cache" / "file"))["cache"]
    assert not check.usable
    assert check.fix
    assert "PROMPT_SEARCH_CACHE" in check.fix


@pytest.mark.parametrize(
    ("spec", "base_url", "usable", "said"),
    [
        ("some-model", "http://127.0.0.1:9/v1", True, "some-model can be set up"),
        ("openai/gpt-4o-mini", None, False, "OPENAI_API_KEY"),
        ("lokal", None, False, "Did you mean 'local'"),
        ("hf:nowhere", None, False, "there is no language model nowhere"),
        ("gguf:nowhere.gguf", None, False, "nowhere.gguf"),
        ("local", "http://127.0.0.1:9/v1", False, "base URL"),
    ],
)
def test_a_language_model_is_ready_or_it_is_said_why_not(
    spec: str, base_url: str | None, usable: bool, said: str, tmp_path: Path
) -> None:
    check = diagnose_language_model(spec, base_url, tmp_path)
    assert check.usable is usable
    assert said in check.found


def test_the_command_fails_only_for_a_named_model_that_is_not_usable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor(cache_dir=tmp_path)
    with pytest.raises(typer.Exit) as ended:
        doctor(llm="hf:nowhere", cache_dir=tmp_path)
    assert ended.value.exit_code == 2
    shown = capsys.readouterr().out
    assert "  ok  torch" in shown
    assert "  no  --llm" in shown
    assert "fix: export OPENAI_API_KEY" in shown


def test_as_json_it_is_one_list_of_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor(llm="m", base_url="http://127.0.0.1:9/v1", cache_dir=tmp_path, as_json=True)
    checks = json.loads(capsys.readouterr().out)
    assert checks[-1] == {
        "part": "language models",
        "name": "--llm",
        "usable": True,
        "found": "m can be set up; no call was made",
        "fix": None,
    }


def test_a_base_url_without_a_model_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--llm"):
        doctor(base_url="http://127.0.0.1:9/v1", cache_dir=tmp_path)
