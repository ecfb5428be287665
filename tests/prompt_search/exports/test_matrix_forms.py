"""Forms that a model is loaded for, each loaded by its consumer and compared with our own answers."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.numpy import load_file

from evaluators import ClassLabel, OpenClipModel, PromptSet
from prompt_search.errors import ModelError
from prompt_search.exports.export import export
from prompt_search.prompt_files.classifier import write_probe
from prompt_search.run.progress import Silent
from prompt_search.testbed.bundled import model_name
from tests.prompt_search.exports.exported import (
    CLASSES,
    EACH_ONE,
    OWN_TEXTS,
    TEMPLATES,
    exported,
    our_cosines,
    pictures,
    prompts_file,
)


def loader(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("load_classifier", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_scikit_learn_predicts_the_same_with_the_same_probabilities(
    classes: int, tmp_path: Path, clip: OpenClipModel
) -> None:
    prompts = PromptSet.of(CLASSES[:classes], ["a {} photo."], {"n00": ["it purrs"]})
    paths = exported(tmp_path, prompts, clip, "sklearn", result={"calibration": {"logit_scale": 20.0}})
    estimator: Any = loader(next(path for path in paths if path.suffix == ".py")).load_classifier()
    cosines = our_cosines(prompts, clip)
    features = clip.encode_images(pictures())
    wanted = torch.softmax(20.0 * torch.from_numpy(cosines).double(), dim=1).numpy()
    assert list(estimator.predict(features)) == [CLASSES[i].id for i in cosines.argmax(axis=1)]
    assert np.allclose(estimator.predict_proba(features), wanted, atol=1e-5)
    assert estimator.coef_.shape == ((1 if classes == 2 else classes), clip.width)


def test_timm_ranks_classes_the_same_from_the_picture_on(tmp_path: Path, clip: OpenClipModel) -> None:
    paths = exported(tmp_path, OWN_TEXTS, clip, "timm")
    model = timm.create_model(f"local-dir:{paths[0].parent}", pretrained=True).eval()
    prepare = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    with torch.inference_mode():
        logits = model(torch.stack([prepare(each) for each in pictures()])).numpy()
    ours = our_cosines(OWN_TEXTS, clip)
    lengths = (logits / ours).mean(axis=1, keepdims=True)
    assert np.allclose(logits / lengths, ours, atol=1e-4)
    assert list(logits.argmax(axis=1)) == list(ours.argmax(axis=1))
    assert model.pretrained_cfg["label_names"] == [label.id for label in CLASSES]


def test_timm_takes_the_bundled_model_s_tower(tmp_path: Path) -> None:
    clip = OpenClipModel(model_name("mini-clip"))
    paths = exported(tmp_path, TEMPLATES, clip, "timm")
    model = timm.create_model(f"local-dir:{paths[0].parent}", pretrained=True).eval()
    prepare = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    with torch.inference_mode():
        logits = model(torch.stack([prepare(each) for each in pictures()])).numpy()
    assert list(logits.argmax(axis=1)) == list(our_cosines(TEMPLATES, clip).argmax(axis=1))


def test_a_model_of_one_s_own_has_no_tower_to_carry_along(tmp_path: Path, clip: OpenClipModel) -> None:
    class Own:
        name, fingerprint, width, logit_scale = clip.name, clip.fingerprint, clip.width, clip.logit_scale
        preprocessing, encode_texts = clip.preprocessing, staticmethod(clip.encode_texts)

    path = prompts_file(tmp_path, TEMPLATES, clip)
    with pytest.raises(ModelError, match="open_clip only"):
        export(path, ["timm"], model=Own(), observer=Silent())  # type: ignore[arg-type]


def test_clip_benchmark_s_classifier_is_the_bare_matrix(tmp_path: Path, clip: OpenClipModel) -> None:
    paths = {path.name: path for path in exported(tmp_path, OWN_TEXTS, clip, "clip_benchmark", dataset="wds/pets")}
    weight = torch.load(paths["classifier.pt"], weights_only=True)
    assert weight.shape == (clip.width, len(CLASSES))
    texts = json.loads(paths["templates.json"].read_text())["wds/pets"]
    assert texts["tabby cat"] == list(OWN_TEXTS.rendered[0])


@pytest.mark.parametrize("form", ["transformers", "fiftyone", "autodistill"])
def test_one_text_per_class_says_what_is_lost(form: str, tmp_path: Path, clip: OpenClipModel) -> None:
    shown = Silent()
    exported(tmp_path, OWN_TEXTS, clip, form, observer=shown)
    assert "of 8 texts 4 are kept; give data to measure" in shown.warnings[0]
    shown = Silent()
    exported(tmp_path, EACH_ONE, clip, form, observer=shown)
    assert shown.warnings == []


def test_the_text_that_is_kept_is_the_nearest_to_its_class(tmp_path: Path, clip: OpenClipModel) -> None:
    (path,) = exported(tmp_path, OWN_TEXTS, clip, "transformers")
    own = OWN_TEXTS.rendered[0]
    features = clip.encode_texts(own)
    nearest = own[int((features @ features.mean(axis=0)).argmax())]
    assert json.loads(path.read_text())["arguments"]["candidate_labels"][0] == nearest


def test_the_cost_of_one_text_is_measured_on_given_data(
    tmp_path: Path, clip: OpenClipModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_SEARCH_CACHE", str(tmp_path / "cache"))
    for label in CLASSES:
        (tmp_path / "data" / label.id).mkdir(parents=True)
    for i, picture in enumerate(pictures(24)):
        picture.save(tmp_path / "data" / CLASSES[i % 4].id / f"{i}.png")
    shown = Silent()
    exported(tmp_path, OWN_TEXTS, clip, "transformers", observer=shown, data=str(tmp_path / "data"))
    assert any("top-1 on the test images of your data is" in each and "with all" in each for each in shown.warnings)


def test_another_model_than_the_file_s_is_warned_of_loudly(tmp_path: Path, clip: OpenClipModel) -> None:
    path = prompts_file(tmp_path, TEMPLATES, clip)
    shown = Silent()
    export(path, ["safetensors"], model=OpenClipModel(model_name("mini-clip")), observer=shown)
    assert shown.warnings[0].startswith("WRONG MODEL: these prompts were found for")


def test_a_probe_goes_where_a_matrix_goes(tmp_path: Path, clip: OpenClipModel) -> None:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((clip.width, 4)).astype(np.float32)
    about = {"name": clip.name, "fingerprint": clip.fingerprint, "precision": "fp32"}
    write_probe(tmp_path / "probe.safetensors", weight, 5.0, [ClassLabel(c.id, c.name) for c in CLASSES], about)
    paths = export(tmp_path, ["sklearn", "clip_benchmark"], head="probe", model=clip, observer=Silent())
    assert np.allclose(load_file(paths[0])["coef_"], 5.0 * weight.T)
    assert torch.equal(torch.load(paths[-1], weights_only=True), torch.from_numpy(weight))
