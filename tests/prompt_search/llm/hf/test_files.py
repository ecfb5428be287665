"""What may follow `hf:`, and what identifies it."""

import importlib.util
from pathlib import Path

import pytest

from optimizers.errors import LanguageModelRejected, LanguageModelUnavailable, SettingsError
from prompt_search.llm.hf.files import ModelFiles
from prompt_search.llm.hf.model import HuggingFaceModel
from tests.prompt_search.llm.samples import replies, sample


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "my-model"
    path.mkdir()
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(bytes(3 << 20))
    return path


def test_a_folder_a_gguf_file_and_a_name_of_the_hub_can_be_models(folder: Path) -> None:
    (folder / "tiny.gguf").write_bytes(b"GGUF")
    sources = [str(folder), str(folder / "tiny.gguf"), "owner/some-model"]
    assert [HuggingFaceModel(source).name for source in sources] == ["my-model", "tiny", "some-model"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "no language model nowhere"),
        ("no/such.gguf", "no language model no/such.gguf"),
        ("a/b/c", "OWNER/NAME"),
        ("", "no config.json"),
    ],
)
def test_anything_else_is_bad_input(source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=said):
        HuggingFaceModel(source)


def test_a_file_that_is_no_gguf_and_a_folder_without_a_model_are_bad_input(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"no \.gguf"):
        ModelFiles(str(folder / "model.safetensors"))
    with pytest.raises(SettingsError, match=r"no config\.json"):
        ModelFiles(str(folder.parent))


@pytest.mark.parametrize(("gguf", "missing"), [(True, "gguf"), (True, "accelerate"), (False, "transformers")])
def test_a_missing_package_is_named_with_the_fix(
    gguf: bool, missing: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "tiny.gguf").write_bytes(b"GGUF")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else real(name))
    with pytest.raises(SettingsError, match=rf"needs {missing}: (uv )?pip install '\.\[hf\]'"):
        HuggingFaceModel(str(folder / "tiny.gguf" if gguf else folder))


def change_weight(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(bytes((3 << 20) - 1) + b"x")


def change_size(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(bytes((3 << 20) + 1))


def add_file(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


@pytest.mark.parametrize("change", [change_weight, change_size, add_file])
def test_another_model_has_another_identity(change: object, folder: Path) -> None:
    before = HuggingFaceModel(str(folder)).identity
    (folder / "README.md").write_text("not part of the model")
    assert HuggingFaceModel(str(folder)).identity == before
    assert callable(change)
    change(folder)
    assert HuggingFaceModel(str(folder)).identity != before
    assert before.startswith("hf:my-model@")


def test_a_folder_that_transformers_can_not_load_is_rejected_by_name(folder: Path) -> None:
    with pytest.raises(LanguageModelRejected, match="my-model"):
        replies(HuggingFaceModel(str(folder)), [sample()])


def test_a_model_of_the_hub_that_can_not_be_fetched_says_what_to_check() -> None:
    with pytest.raises(LanguageModelUnavailable, match="owner/some-model can't be fetched") as caught:
        _ = HuggingFaceModel("owner/some-model").identity
    assert "HF_TOKEN" in str(caught.value)
