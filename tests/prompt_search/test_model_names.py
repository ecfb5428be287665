"""Models are found under the names that other programs and people use."""

import copy
import json
import shutil
import sys
from pathlib import Path

import open_clip
import pytest
import torch

from evaluators import OpenClipModel
from prompt_search import model_names
from prompt_search.errors import ModelError
from prompt_search.model_names import open_clip_name, spelling_note
from prompt_search.models import load_model


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("ViT-B-32/laion2b_s34b_b79k", "ViT-B-32/laion2b_s34b_b79k"),
        ("hf-hub:imageomics/bioclip", "hf-hub:imageomics/bioclip"),
        ("local-dir:models/mine", "local-dir:models/mine"),
        ("vit-b-32/LAION2B-S34B-B79K", "ViT-B-32/laion2b_s34b_b79k"),
        ("ViT-B-32:laion2b_s34b_b79k", "ViT-B-32/laion2b_s34b_b79k"),
        ("ViT-B/32/laion2b_s34b_b79k", "ViT-B-32/laion2b_s34b_b79k"),
        ("ViT-B/32", "ViT-B-32-quickgelu/openai"),
        ("ViT-L/14@336px", "ViT-L-14-336-quickgelu/openai"),
        ("ViT-H/14", "ViT-H-14"),
        ("openai/clip-vit-base-patch32", "ViT-B-32-quickgelu/openai"),
        ("openai/clip-vit-large-patch14-336", "ViT-L-14-336-quickgelu/openai"),
        ("hf-hub:openai/clip-vit-base-patch16", "ViT-B-16-quickgelu/openai"),
        ("https://huggingface.co/openai/clip-vit-base-patch16", "ViT-B-16-quickgelu/openai"),
        ("sentence-transformers/clip-ViT-B-32", "ViT-B-32-quickgelu/openai"),
        ("google/siglip2-base-patch16-224", "ViT-B-16-SigLIP2/webli"),
        ("google/siglip2-so400m-patch14-384", "ViT-SO400M-14-SigLIP2-378/webli"),
        ("google/siglip2-giant-opt-patch16-384", "ViT-gopt-16-SigLIP2-384/webli"),
        ("google/siglip-so400m-patch14-384", "ViT-SO400M-14-SigLIP-384/webli"),
        ("google/siglip-base-patch16-256-multilingual", "ViT-B-16-SigLIP-i18n-256/webli"),
        ("google/siglip2-base-patch16-naflex", "hf-hub:google/siglip2-base-patch16-naflex"),
        ("facebook/metaclip-b32-400m", "ViT-B-32-quickgelu/metaclip_400m"),
        ("facebook/metaclip-h14-fullcc2.5b", "ViT-H-14-quickgelu/metaclip_fullcc"),
        ("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "ViT-B-32/laion2b_s34b_b79k"),
        ("apple/DFN5B-CLIP-ViT-H-14", "ViT-H-14-quickgelu/dfn5b"),
        ("timm/ViT-SO400M-14-SigLIP-384", "ViT-SO400M-14-SigLIP-384/webli"),
        ("imageomics/bioclip", "hf-hub:imageomics/bioclip"),
        ("ViT-B-33", "ViT-B-33"),
        ("ViT-B32/laion2b", "ViT-B32/laion2b"),
    ],
)
def test_a_name_is_understood(name: str, opened: str) -> None:
    assert open_clip_name(name) == opened


@pytest.mark.parametrize("tag", ["openai", "laion400m_e32", "metaclip_400m"])
def test_weights_trained_with_quick_gelu_get_the_architecture_that_has_it(tag: str) -> None:
    architecture, _, same = open_clip_name(f"ViT-B-32/{tag}").partition("/")
    assert same == tag
    assert (open_clip.get_model_config(architecture) or {})["quick_gelu"] is True


def test_every_model_that_open_clip_lists_is_named_by_one_it_lists() -> None:
    listed = set(open_clip.list_pretrained())
    opened = [open_clip_name(f"{architecture}/{tag}") for architecture, tag in listed]
    assert {(o.partition("/")[0], o.partition("/")[2]) for o in opened} <= listed


def test_the_path_of_a_models_folder_is_loaded(tiny_clip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(tiny_clip.removeprefix("local-dir:"), tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    expected = OpenClipModel(tiny_clip, device="cpu").fingerprint
    for name in ("./mine", "mine", str(tmp_path / "mine")):
        assert load_model(name, device="cpu").fingerprint == expected


def test_weights_in_a_file_are_loaded_into_the_architecture_before_them(tmp_path: Path) -> None:
    random = OpenClipModel("ViT-S-32-alt", device="cpu", random_weights=True)
    weights = {name: tensor * 0.5 for name, tensor in random._model.state_dict().items()}
    torch.save(weights, tmp_path / "x.pt")
    loaded = load_model(f"ViT-S-32-alt/{tmp_path / 'x.pt'}", device="cpu")
    assert loaded.fingerprint != random.fingerprint
    assert loaded.logit_scale == pytest.approx(random.logit_scale**0.5)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("./x.pt", r"no file or folder './x\.pt'; .*'ViT-B-32/\./x\.pt'"),
        ("weights.safetensors", "no file or folder"),
        ("there.pt", "does not say of which architecture; write ARCHITECTURE/FILE"),
        ("empty", r"no open_clip_config\.json in it"),
        ("ViT-B-32/nowhere.pt", r"no file 'nowhere\.pt' with weights for ViT-B-32"),
        ("ViT-B-32-quickgelu", "add one of its tags, e.g. ViT-B-32-quickgelu/openai"),
        ("ViT-H/14", "add one of its tags, e.g. ViT-H-14/"),
        ("~nouser-of-this-machine/m", "begins with the home folder of a user that is not known here"),
        ("ViT-S-32-alt/there.pt", "the file 'there.pt' holds no weights"),
        ("ViT-S-32-alt/short.pt", "the file 'short.pt' holds no weights"),
        ("ViT-S-32-alt/other.pt", "the weights in the file 'other.pt' are not of ViT-S-32-alt"),
        ("ViT-B-33", "did you mean ViT-B-32"),
    ],
)
def test_a_name_that_is_no_model_says_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.pt").write_bytes(b"weights")
    (tmp_path / "short.pt").write_bytes(b"garbage. ")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=complaint):
        load_model(name, device="cpu")


@pytest.mark.parametrize(
    ("name", "opened", "told"),
    [("ViT-B/32", "ViT-B-32-quickgelu/openai", 1), ("ViT-B-32/laion2b_e16", "ViT-B-32/laion2b_e16", 0)],
)
def test_another_spelling_is_told(name: str, opened: str, told: int) -> None:
    assert len(spelling_note(name, opened)) == told


def test_without_open_clip_imported_its_architectures_are_those_it_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = set(open_clip.list_models())
    monkeypatch.delitem(sys.modules, "open_clip")
    assert set(model_names._architectures()) == listed


def test_an_architecture_that_was_added_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {}}
    (tmp_path / "Own-8.json").write_text(json.dumps(config))
    for name in ("_MODEL_CONFIGS", "_MODEL_CONFIG_PATHS"):
        monkeypatch.setattr(open_clip.factory, name, copy.copy(getattr(open_clip.factory, name)))
    open_clip.add_model_config(tmp_path)
    assert open_clip_name("own-8") == "Own-8"
