"""What a person may write for a language model."""

import subprocess
import sys
from pathlib import Path

import pytest

from optimizers.errors import SettingsError
from prompt_search.llm import choose
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.choose import language_model
from prompt_search.llm.function import FunctionModel
from prompt_search.llm.hf.model import HuggingFaceModel
from prompt_search.llm.local.model import LocalModel


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF")
    return path


def test_local_is_the_installed_model(gguf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(choose, "find_local_model", lambda cache_dir: gguf)
    assert isinstance(language_model("local", cache_dir=tmp_path), LocalModel)


def test_local_without_the_model_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(choose, "find_local_model", lambda cache_dir: None)
    with pytest.raises(SettingsError, match="prompt-search llm install"):
        language_model("local", cache_dir=tmp_path)


def test_a_gguf_file_is_named_by_its_path(gguf: Path, tmp_path: Path) -> None:
    assert language_model(f"gguf:{gguf}", cache_dir=tmp_path).name == "tiny"


def test_concurrency_is_for_servers(gguf: Path, tmp_path: Path) -> None:
    assert language_model(f"gguf:{gguf}", cache_dir=tmp_path, concurrency=1).name == "tiny"
    with pytest.raises(SettingsError, match="takes one sample after the other, so leave it out"):
        language_model(f"gguf:{gguf}", cache_dir=tmp_path, concurrency=2)


def test_a_model_for_transformers_is_named_by_its_path(gguf: Path, tmp_path: Path) -> None:
    model = language_model(f"hf:{gguf}", cache_dir=tmp_path)
    assert isinstance(model, HuggingFaceModel)
    assert model.name == "tiny"


def test_a_missing_key_is_told_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        language_model("openai/gpt-4o-mini", cache_dir=tmp_path)


def test_openai_models_have_a_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1234567890")
    model = language_model("openai/gpt-4o-mini", cache_dir=tmp_path)
    assert isinstance(model, OpenAICompatible)
    assert model.identity.startswith("gpt-4o-mini@https://")


def test_with_a_base_url_the_name_is_what_that_server_calls_it(tmp_path: Path) -> None:
    model = language_model("openai/gpt-4o-mini", base_url="http://router:1/v1", cache_dir=tmp_path)
    assert model.identity == "openai/gpt-4o-mini@http://router:1/v1"


@pytest.mark.parametrize("spec", ["local", "gguf:tiny.gguf", "hf:owner/name", ""])
def test_a_base_url_with_a_model_that_needs_none_is_refused(spec: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="base URL"):
        language_model(spec, base_url="http://host/v1", cache_dir=tmp_path)


def test_a_callable_is_wrapped(tmp_path: Path) -> None:
    assert isinstance(language_model(lambda messages: "a cat", cache_dir=tmp_path), FunctionModel)


@pytest.mark.parametrize(("given", "calls"), [(None, 1), (1, 1), (8, 8)])
def test_a_callable_is_called_as_often_at_a_time_as_was_said(given: int | None, calls: int, tmp_path: Path) -> None:
    model = language_model(lambda messages: "a cat", cache_dir=tmp_path, concurrency=given)
    assert isinstance(model, FunctionModel)
    assert model.concurrency == calls


def test_a_language_model_is_taken_as_it_is(tmp_path: Path) -> None:
    model = FunctionModel(lambda messages: "a cat")
    assert language_model(model, cache_dir=tmp_path, concurrency=8) is model
    assert model.concurrency == 1


def test_anything_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="int"):
        language_model(7, cache_dir=tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ("lokal", "local"),
        ("Local", "local"),
        ("model.gguf", "gguf:model.gguf"),
        ("ggfu:model.gguf", "gguf:model.gguf"),
        ("gpt-4o-mini", "openai/gpt-4o-mini"),
        ("opnai/gpt-4o-mini", "openai/gpt-4o-mini"),
    ],
)
def test_an_unknown_specification_gets_a_suggestion(spec: str, meant: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        language_model(spec, cache_dir=tmp_path)
    assert f"Did you mean {meant!r}?" in str(caught.value)


@pytest.mark.parametrize("spec", ["", "openai/"])
def test_an_empty_name_is_refused(spec: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        language_model(spec, cache_dir=tmp_path)


def test_clients_are_imported_only_when_they_are_used() -> None:
    heavy = "{'openai', 'litellm', 'httpx', 'torch', 'transformers', 'xllamacpp'}"
    code = f"import sys, prompt_search.llm.choose; print({heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
