"""Consumers too big for everybody's tests: `make test-all` installs them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from evaluators import OpenClipModel, PromptSet, class_weights
from prompt_search.errors import SettingsError
from prompt_search.testbed.bundled import model_name
from tests.prompt_search.exports.exported import (
    CLASSES,
    EACH_ONE,
    OWN_TEXTS,
    TEMPLATES,
    exported,
    our_cosines,
    pictures,
)

heavy = pytest.mark.heavy
ANY = "ignore::Warning"


@heavy
@pytest.mark.filterwarnings(ANY)
@pytest.mark.parametrize("prompts", [TEMPLATES, OWN_TEXTS])
def test_clip_benchmark_builds_the_same_classifier_from_its_files(
    prompts: PromptSet, tmp_path: Path, clip: OpenClipModel, tiny_clip: str
) -> None:
    import open_clip
    from clip_benchmark.datasets.builder import value_from_first_key_found
    from clip_benchmark.metrics.zeroshot_classification import zero_shot_classifier

    paths = {path.name: path for path in exported(tmp_path, prompts, clip, "clip_benchmark", dataset="wds/pets")}
    names, templates = (
        value_from_first_key_found(json.loads(paths[name].read_text()), keys=["wds/pets", "pets"])
        for name in ("classnames.json", "templates.json")
    )
    model, tokenizer = open_clip.create_model(tiny_clip).eval(), open_clip.get_tokenizer(tiny_clip)
    theirs = zero_shot_classifier(model, tokenizer, names, templates, "cpu", amp=False)
    assert torch.allclose(theirs, torch.from_numpy(class_weights(prompts, clip)), atol=1e-5)


@heavy
@pytest.mark.filterwarnings(ANY)
def test_clip_benchmark_s_own_command_scores_as_we_do(tmp_path: Path) -> None:
    """A WebDataset with our root files, and our classifier by --load_clfs."""
    import io
    import tarfile

    mini = OpenClipModel(model_name("mini-clip"))
    prompts = PromptSet.of({"0": "cat", "1": "ship", "2": "{horse}"}, ["a photo of a {}.", "a } {}"])
    root = tmp_path / "data"
    (root / "test").mkdir(parents=True)
    labels = [i % 3 for i in range(12)]
    with tarfile.open(root / "test" / "0.tar", "w") as tar:
        for i, picture in enumerate(pictures()):
            png = io.BytesIO()
            picture.save(png, "png")
            for ending, content in (("png", png.getvalue()), ("cls", str(labels[i]).encode())):
                member = tarfile.TarInfo(f"{i:04}.{ending}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    (root / "test" / "nshards.txt").write_text("1")
    paths = {path.name: path for path in exported(tmp_path, prompts, mini, "clip_benchmark", dataset="wds/mine")}
    for path in exported(tmp_path, prompts, mini, "webdataset"):
        (root / path.name).write_bytes(path.read_bytes())
    ours = float(np.mean(our_cosines(prompts, mini).argmax(axis=1) == labels))
    files = ["--custom_classname_file", paths["classnames.json"], "--custom_template_file", paths["templates.json"]]
    for extra in ([], files, ["--load_clfs", paths["classifier.pt"]]):
        assert clip_benchmark_accuracy(root, tmp_path / "out.json", mini.name, extra) == pytest.approx(ours)


CLIP_BENCHMARK = """
import sys
from clip_benchmark import cli
from clip_benchmark.metrics import zeroshot_classification

def accuracy(output, target, topk=(1,)):  # its own makes a float of an array [1], which numpy 2.4 refuses
    best = output.topk(max(topk), 1).indices
    return [(best[:, :k] == target[:, None]).any(1).float().mean().item() for k in topk]

zeroshot_classification.accuracy = accuracy
sys.exit(cli.main())
"""


def clip_benchmark_accuracy(root: Path, out: Path, model: str, extra: list[Any]) -> float:
    command = [sys.executable, "-c", CLIP_BENCHMARK, "eval", "--dataset", "wds/mine", "--dataset_root", root]
    command += ["--model", model, "--pretrained", "", "--output", out, "--no_amp", "--num_workers", "0", *extra]
    command += ["--task", "zeroshot_classification", "--batch_size", "4"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=os.environ, check=False)
    assert out.is_file(), done.stderr[-2000:] + done.stdout[-2000:]
    found = json.loads(out.read_text())
    out.unlink()
    return float(found["metrics"]["acc1"])


@heavy
@pytest.mark.filterwarnings(ANY)
@pytest.mark.parametrize("model", ["tiny", "mini-clip"])
def test_onnxruntime_gives_our_cosines_and_probabilities_for_any_batch(
    model: str, tmp_path: Path, tiny_clip: str
) -> None:
    import onnxruntime

    clip = OpenClipModel(tiny_clip if model == "tiny" else model_name(model))
    paths = exported(tmp_path, OWN_TEXTS, clip, "onnx", result={"calibration": {"logit_scale": 20.0}})
    about = json.loads(paths[-1].read_text())["input"]
    session = onnxruntime.InferenceSession(str(paths[0]), providers=["CPUExecutionProvider"])
    ours = our_cosines(OWN_TEXTS, clip)
    mean, std = (torch.tensor(about[key])[:, None, None] for key in ("mean", "std"))
    pixels = torch.stack([clip.preprocess(each) * std + mean for each in pictures()]).numpy()
    for batch in (pixels, pixels[:1]):
        cosines, probabilities = session.run(["cosines", "probabilities"], {"pixels": batch})
        assert np.allclose(cosines, ours[: len(batch)], atol=1e-4)
        wanted = torch.softmax(20.0 * torch.from_numpy(ours[: len(batch)]), dim=1).numpy()
        assert np.allclose(probabilities, wanted, atol=1e-3)
    assert list(cosines.argmax(axis=1)) == list(ours[:1].argmax(axis=1))
    assert "prompt_search" in session.get_modelmeta().custom_metadata_map


@heavy
@pytest.mark.filterwarnings(ANY)
def test_autodistill_s_ontology_maps_our_texts_to_our_classes(tmp_path: Path, clip: OpenClipModel) -> None:
    from autodistill.detection import CaptionOntology

    (path,) = exported(tmp_path, EACH_ONE, clip, "autodistill")
    ontology = CaptionOntology(json.loads(path.read_text()))
    assert ontology.prompts() == [own[0] for own in EACH_ONE.rendered]
    answers = [ontology.classes()[i] for i in our_cosines(EACH_ONE, clip).argmax(axis=1)]
    assert set(answers) <= {label.name for label in CLASSES}
    assert [ontology.promptToClass(own[0]) for own in EACH_ONE.rendered] == [label.name for label in CLASSES]


FIFTYONE = """
import json, sys
import numpy as np
from PIL import Image
from fiftyone.utils.open_clip import TorchOpenClipModel, TorchOpenClipModelConfig

content = json.load(open(sys.argv[1]))
config = TorchOpenClipModelConfig({
    "clip_model": sys.argv[2], "pretrained": None, "preprocess": "val",
    "output_processor_cls": "fiftyone.utils.torch.ClassifierOutputProcessor", "device": "cpu",
    **content["arguments"],
})
model = TorchOpenClipModel(config)
model.preprocess = True
pictures = [Image.open(path) for path in sys.argv[3:]]
print(json.dumps([content["labels"][model.predict(np.asarray(each)).label] for each in pictures]))
"""


@heavy
def test_fiftyone_s_open_clip_model_gives_our_predictions(tmp_path: Path, clip: OpenClipModel, tiny_clip: str) -> None:
    (path,) = exported(tmp_path, EACH_ONE, clip, "fiftyone")
    files = []
    for i, picture in enumerate(pictures()):
        files.append(tmp_path / f"{i}.png")
        picture.save(files[-1])
    environment = os.environ | {"HOME": str(tmp_path), "FIFTYONE_DO_NOT_TRACK": "1"}
    command = [sys.executable, "-c", FIFTYONE, str(path), tiny_clip, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    wanted = [CLASSES[i].name for i in our_cosines(EACH_ONE, clip).argmax(axis=1)]
    assert json.loads(done.stdout.splitlines()[-1]) == wanted


def test_without_its_packages_onnx_says_how_to_get_them(
    tmp_path: Path, clip: OpenClipModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prompt_search.exports.onnx.NEEDED", ("no_such_package",))
    with pytest.raises(SettingsError, match=r"no_such_package.*\[onnx\]"):
        exported(tmp_path, TEMPLATES, clip, "onnx")
