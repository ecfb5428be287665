"""Each example does what it says."""

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from evaluators import ImageTextModel
from prompt_search.models import load_model
from prompt_search.prompt_files.classifier import read_classifier
from tests.examples.bundled_photos import photos
from tests.examples.conftest import EXAMPLES, Example

CLASSES = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
NUMBER = r"([+-]?\d+\.\d)"


def events(run: Path, kind: str) -> list[dict[str, Any]]:
    """The events of one kind in the journal of a run."""
    lines = (run / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def replies(run: Path) -> list[dict[str, Any]]:
    """Every reply of the language model in a run."""
    return [reply for event in events(run, "ask") for reply in event["replies"]]


@pytest.fixture(scope="module")
def quickstart(example: Example) -> subprocess.CompletedProcess[str]:
    """The quickstart, carried out."""
    return example("quickstart.py")


@pytest.fixture(scope="module")
def mini_clip() -> ImageTextModel:
    """The bundled model."""
    return load_model("mini-clip")


def test_quickstart_asks_the_local_language_model(quickstart: subprocess.CompletedProcess[str], folder: Path) -> None:
    (start,) = events(folder / "runs/quickstart", "run")
    assert start["identity"]["language model"].startswith("gguf:SmolLM2-135M-Instruct")
    answered = replies(folder / "runs/quickstart")
    assert 6 <= len(answered) <= 12  # one that can't be used is asked for once more
    assert all(reply["completion_tokens"] > 0 and "{}" in reply["text"] for reply in answered)


def test_quickstart_prints_figures_within_their_intervals(quickstart: subprocess.CompletedProcess[str]) -> None:
    rows = re.findall(rf"^(.+?) +test top-1 {NUMBER} %, 95 % interval {NUMBER} to {NUMBER}$", quickstart.stdout, re.M)
    names = [row[0] for row in rows]
    assert {"names only", '"a photo of a {}."', "placebo: random words"} <= set(names)
    for _, top1, low, high in rows:
        assert 0 < float(low) < float(top1) < float(high) < 100
    figures = {name: float(top1) for name, top1, _, _ in rows}
    assert figures[names[0]] > figures["placebo: random words"]


def test_quickstart_prints_the_templates_that_are_in_the_prompt_file(
    quickstart: subprocess.CompletedProcess[str], folder: Path
) -> None:
    written = json.loads((folder / "runs/quickstart/prompts.json").read_text())["templates"]
    printed = quickstart.stdout.partition("Winning templates")[2]
    assert written
    assert re.findall(r"^  (.+)$", printed, re.M) == written


def test_own_llm_answers_every_question_with_the_function(example: Example, folder: Path) -> None:
    done = example("own_llm.py")
    random_words = runpy.run_path(str(EXAMPLES / "own_llm.py"))["random_words"]
    asked = events(folder / "runs/own-llm", "ask")
    for event in asked:
        (request,), (reply,) = event["requests"], event["replies"]
        assert reply["text"] == random_words(request["messages"])
    assert "20 replies" in done.stdout
    assert len({event["replies"][0]["text"] for event in asked}) > 10
    assert re.search(r"^  .*\{\}", done.stdout, re.M)


def test_own_images_says_whether_the_gain_is_proven(example: Example, folder: Path) -> None:
    for name in ("cat", "ship", "truck"):
        (folder / "mine" / name).mkdir(parents=True)
        for i, photo in enumerate(photos(name, "test")[:30]):
            photo.save(folder / "mine" / name / f"{i}.png")
    (folder / "now.txt").write_text("paperwork, receipts and grey folders, none of them {}.\n")
    printed = example("own_images.py", "mine", "now.txt", "2").stdout
    assert "3 classes, 42 images to prove it on" in printed  # 30 each, less 8 to search and 8 to select with
    accuracies = re.search(rf"winner {NUMBER} %, yours {NUMBER} %", printed)
    gained = re.search(rf"gain {NUMBER} points, 95 % interval {NUMBER} to {NUMBER}\n(.+)", printed)
    assert accuracies
    assert gained
    gain, low, high = map(float, gained.groups()[:3])
    assert gain == pytest.approx(float(accuracies[1]) - float(accuracies[2]), abs=0.11)
    assert low <= gain <= high
    verdict = "The winner is better." if low > 0 else "Yours are better." if high < 0 else "Not proven either way."
    assert gained[4] == verdict
    assert sum(reply["finish"] != "budget" for reply in replies(folder / "runs/mine")) == 2


def test_own_strategy_builds_ensembles_of_what_it_asked_for(example: Example, folder: Path) -> None:
    done = example("own_strategy.py")
    run = folder / "runs/own-strategy"
    written = json.loads((run / "run.json").read_text())["arguments"]
    assert written["search"]["strategies"][0]["name"] == "own:GreedyEnsemble"
    usable = re.search(r"(\d) of 4 replies hold a template", done.stdout)
    assert usable
    assert int(usable[1]) >= 1
    scored = [candidate["templates"] for event in events(run, "score")[1:] for candidate in event["candidates"]]
    assert {len(templates) for templates in scored} == {1, 2, 3}
    asked = {json.loads(reply["text"])["template"] for reply in replies(run)}
    assert asked & {template for templates in scored for template in templates}
    assert len(scored) <= 3 * (4 + 20)  # what its plan says


def test_deploy_predicts_what_the_library_predicts(
    quickstart: subprocess.CompletedProcess[str], example: Example, folder: Path, mini_clip: ImageTextModel
) -> None:
    (folder / "runs/demo").mkdir()
    shutil.copy(folder / "runs/quickstart/classifier.safetensors", folder / "runs/demo")
    weights, _, about = read_classifier(folder / "runs/demo/classifier.safetensors")
    pictures = {f"{name}.png": photos(name, "test")[0] for name in sorted(CLASSES)}
    for file, picture in pictures.items():
        picture.save(folder / file)
    best = (mini_clip.encode_images(list(pictures.values())) @ weights).argmax(axis=1)
    expected = {file: about["classes"][i]["name"] for file, i in zip(pictures, best.tolist(), strict=True)}
    printed = example("deploy.py", *pictures).stdout
    found = re.findall(r"^(.+\.png): (\w+) \((\d\.\d\d)\)$", printed, re.M)
    assert {file: name for file, name, _ in found} == expected
    assert set(expected.values()) <= CLASSES
    assert len(set(expected.values())) > 3
    assert all(0.1 <= float(probability) <= 1 for _, _, probability in found)


def test_an_example_without_its_arguments_says_how_to_run_it(example: Example) -> None:
    assert "python examples/own_images.py IMAGES PROMPTS" in example("own_images.py", check=1).stderr


def test_deploy_does_without_prompt_search() -> None:
    code = (EXAMPLES / "deploy.py").read_text()
    assert not re.search(r"^\s*(import|from) (prompt_search|optimizers|evaluators)", code, re.M)


def test_the_readme_names_every_example() -> None:
    listed = re.findall(r"\]\((\w+\.(?:py|ipynb))\)", (EXAMPLES / "README.md").read_text())
    assert sorted(listed) == sorted(path.name for kind in ("*.py", "*.ipynb") for path in EXAMPLES.glob(kind))
