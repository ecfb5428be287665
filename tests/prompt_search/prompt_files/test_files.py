"""What is written is read back equal, and other makers' files are understood."""

import json
from pathlib import Path

import numpy as np
import pytest

from evaluators import ClassLabel, ImageTextModel, PromptSet, class_weights
from prompt_search.errors import PromptError
from prompt_search.prompt_files.classifier import read_classifier, write_classifier
from prompt_search.prompt_files.prompts_json import PromptFile, is_prompts_json, read_prompts_json, write_prompts_json
from prompt_search.prompt_files.reading.read import import_prompts, read_prompts

CLASSES = (ClassLabel("n01", "tabby cat"), ClassLabel("n02", "{0} dog"), ClassLabel("n03", "Ovenbird"))
PROMPTS = PromptSet.of(
    CLASSES, ["a {}.", "the {} of {}"], {"n01": ['says "meow"\n\u2028', "🐱"], "n02": ["{} barks {0}"]}
)


MODEL = {"name": "m", "fingerprint": "f", "precision": "fp32"}
RUN = {"seed": 0, "shots": None, "select_shots": None, "data": {"fingerprint": "d"}}
HEAD = {"format": "prompt-search/prompts", "version": 1}


def write(path: Path, value: object) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_prompts_json_reads_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    content = PromptFile(PROMPTS, MODEL, RUN, {"rows": []})
    write_prompts_json(path, content)
    assert read_prompts_json(path) == content
    first = path.read_bytes()
    write_prompts_json(path, read_prompts_json(path))
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("not json", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ({}, "is not a prompts.json"),
        ({"format": "prompt-search/prompts", "version": 99}, "version 99"),
        ({"format": "prompt-search/prompts", "version": 1}, "lacks its part"),
        (HEAD | {"model": {}, "run": {}, "result": {}}, "which model and images"),
        (HEAD | {"model": MODEL, "run": RUN | {"seed": "x"}, "result": {}}, "which model and images"),
        (HEAD | {"model": MODEL, "run": RUN, "result": {}}, "not a prompt set"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_name(tmp_path: Path, content: object, complaint: str) -> None:
    path = write(tmp_path / "x.json", content)
    with pytest.raises(PromptError, match=complaint) as raised:
        read_prompts_json(path)
    assert "x.json" in str(raised.value)


def test_a_classifier_reads_back_equal_and_twice_the_same_bytes(tmp_path: Path, tiny_model: ImageTextModel) -> None:
    weights = class_weights(PROMPTS, tiny_model)
    paths = [tmp_path / name for name in ("one.safetensors", "two.safetensors")]
    for path in paths:
        write_classifier(path, weights, 14.2, PROMPTS, {"name": "m"})
    read, scale, provenance = read_classifier(paths[0])
    assert np.array_equal(read, weights)
    assert scale == pytest.approx(14.2)
    assert [c["id"] for c in provenance["classes"]] == ["n01", "n02", "n03"]
    assert np.allclose(np.linalg.norm(read, axis=0), 1, atol=1e-6)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_file_that_is_no_classifier_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="not a classifier"):
        read_classifier(write(tmp_path / "x.safetensors", "x"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.txt", "# mine\na photo of a {}.\n\n  a <CLASS> in the wild \n"),
        ("t.json", ["a photo of a {c}.", "a {} in the wild"]),
        ("t.json", {"templates": ["a photo of a {}.", "a {} in the wild"], "classnames": ["x"]}),
        ("t.json", {"top1": ["a photo of a {}.", "a {} in the wild"]}),
    ],
)
def test_templates_of_several_makers_are_read(tmp_path: Path, name: str, content: object) -> None:
    prompts = read_prompts(write(tmp_path / name, content), CLASSES)
    assert prompts.compiled().templates == ("a photo of a {}.", "a {} in the wild")


def test_cupl_files_are_matched_by_id_name_and_loose_name(tmp_path: Path) -> None:
    path = write(
        tmp_path / "c.json",
        {"n01": ["\n\nTabby cats purr."], "{0} dog": ["A dog barks."], "OVENBIRD": ["Ovenbirds sing."] * 2},
    )
    assert read_prompts(path, CLASSES).compiled().texts == (
        ("Tabby cats purr.",),
        ("A dog barks.",),
        ("Ovenbirds sing.",),
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"n01": ["a"], "n02": ["b"]}, "in the data but not in the file: 'n03'"),
        ({"n01": ["a"], "n02": ["b"], "n03": ["c"], "wolf": ["d"]}, "in the file but not in the data: 'wolf'"),
        ({"n01": ["a"], "tabby cat": ["a2"], "n02": ["b"], "n03": ["c"]}, "matched by several entries: 'n01'"),
        ({"n01": "a", "n02": ["b"], "n03": ["c"]}, "not a list of texts"),
        ({"n01": ["  "], "n02": [], "n03": [""]}, "no class has a text"),
        ([], "no templates"),
        (["a cat"], "no place for the class name"),
        ([3], "is not a text"),
        ("3", "neither templates nor texts"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_saying_why(tmp_path: Path, content: object, complaint: str) -> None:
    with pytest.raises(PromptError, match=complaint):
        read_prompts(write(tmp_path / "c.json", content), CLASSES)


@pytest.mark.parametrize(
    ("name", "content"), [("missing.txt", None), ("binary.txt", b"\xff\xfe\x00{}"), ("empty.txt", b"")]
)
def test_a_template_file_that_can_not_be_read_is_refused(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PromptError, match=name):
        read_prompts(tmp_path / name, CLASSES)


def test_only_our_own_files_say_they_are_ours(tmp_path: Path) -> None:
    assert is_prompts_json(write(tmp_path / "a.json", {"format": "prompt-search/prompts"}))
    assert not is_prompts_json(write(tmp_path / "b.json", {"templates": []}))
    assert not is_prompts_json(write(tmp_path / "c.txt", "a {}"))


@pytest.mark.parametrize(
    "published", ["proapo/euro_sat/CuPL_full.json", "cupl/pets_prompts_full.json", "cupl/cifar10_prompts_full.json"]
)
def test_published_description_files_are_read(published: str) -> None:
    path = Path(__file__).parents[4] / "shared" / "reference" / published
    if not path.exists():
        pytest.skip("the published files are not part of the project")
    names = json.loads(path.read_text())
    classes = sorted(ClassLabel(f"c{i:03}", name) for i, name in enumerate(names))
    assert read_prompts(path, classes).n_texts > len(classes)


@pytest.mark.parametrize(
    ("published", "form"),
    [
        ("cupl/cifar10_prompts_full.json", "sentences by class"),
        ("cupl/pets_prompts_full.json", "sentences by class"),
        ("proapo/euro_sat/CuPL_full.json", "sentences by class"),
        ("proapo/euro_sat/DCLIP.json", "descriptors by class"),
        ("proapo/oxford_pets/DCLIP.json", "descriptors by class"),
        ("proapo/euro_sat/synonyms.json", "names by class"),
        ("proapo/oxford_pets/synonyms.json", "names by class"),
    ],
)
def test_published_files_are_told_apart(published: str, form: str) -> None:
    path = Path(__file__).parents[4] / "shared" / "reference" / published
    if not path.exists():
        pytest.skip("the published files are not part of the project")
    classes = sorted(ClassLabel(f"c{i:03}", name) for i, name in enumerate(json.loads(path.read_text())))
    assert form in import_prompts(path, classes).reading[0]
