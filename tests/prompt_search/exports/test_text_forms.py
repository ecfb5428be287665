"""Forms of text: read by whom they are for, or refused because something would be lost."""

import json
from pathlib import Path

import open_clip
import pytest
import torch

from evaluators import PHOTO_TEMPLATE, ClassLabel, OpenClipModel, PromptSet, class_weights
from prompt_search.errors import PromptError
from prompt_search.exports.registry import FORMS
from prompt_search.prompt_files.reading.read import read_prompts
from tests.prompt_search.exports.exported import CLASSES, OWN_TEXTS, TEMPLATES, exported

TWICE = [ClassLabel("a", "missile"), ClassLabel("b", "missile"), ClassLabel("c", "sunglasses")]


def test_open_clip_gives_the_same_classifier(tmp_path: Path, tiny_clip: str, clip: OpenClipModel) -> None:
    (path,) = exported(tmp_path, TEMPLATES, clip, "open_clip")
    content = json.loads(path.read_text())
    model = open_clip.create_model(tiny_clip).eval()
    theirs = open_clip.build_zero_shot_classifier(
        model, open_clip.get_tokenizer(tiny_clip), content["classnames"], content["templates"]
    )
    assert torch.allclose(theirs, torch.from_numpy(class_weights(TEMPLATES, clip)), atol=1e-5)


@pytest.mark.parametrize("form", ["open_clip", "webdataset"])
def test_texts_of_a_class_s_own_are_refused_by_what_takes_templates(
    form: str, tmp_path: Path, clip: OpenClipModel
) -> None:
    with pytest.raises(PromptError, match="safetensors"):
        exported(tmp_path, OWN_TEXTS, clip, form)
    assert not (tmp_path / "exports").exists()


def test_cupl_reads_back_to_the_same_texts(tmp_path: Path, clip: OpenClipModel) -> None:
    prompts = PromptSet.of(CLASSES, ["a {}."], {"n01": ["It purrs."]})
    (path,) = exported(tmp_path, prompts, clip, "cupl")
    assert read_prompts(path, CLASSES).fingerprint == prompts.fingerprint


@pytest.mark.parametrize("form", ["cupl", "clip_benchmark"])
def test_what_is_keyed_by_name_refuses_repeated_names_naming_them(
    form: str, tmp_path: Path, clip: OpenClipModel
) -> None:
    with pytest.raises(PromptError, match="'missile'"):
        exported(tmp_path, PromptSet.of(TWICE, ["a {}."], {"c": ["dark glasses"]}), clip, form)


@pytest.mark.parametrize("form", ["transformers", "fiftyone", "autodistill"])
def test_what_tells_classes_apart_by_text_refuses_repeated_names_naming_the_ids(
    form: str, tmp_path: Path, clip: OpenClipModel
) -> None:
    with pytest.raises(PromptError, match="'a', 'b'"):
        exported(tmp_path, PromptSet.of(TWICE, ["a {}.", "the {}"]), clip, form)


def test_proapo_s_templates_read_back(tmp_path: Path, clip: OpenClipModel) -> None:
    (path,) = exported(tmp_path, TEMPLATES, clip, "proapo")
    assert list(json.loads(path.read_text())) == ["top1"]
    assert read_prompts(path, CLASSES).fingerprint == TEMPLATES.fingerprint


def test_proapo_s_descriptions_read_back(tmp_path: Path, clip: OpenClipModel) -> None:
    prompts = PromptSet.of(CLASSES, [PHOTO_TEMPLATE], {"n01": ["a photo of a {0} dog. It barks."]})
    (path,) = exported(tmp_path, prompts, clip, "proapo")
    assert json.loads(path.read_text())["{0} dog"] == ["{0} dog", "{0} dog**+*+**It barks."]
    assert read_prompts(path, CLASSES).fingerprint == prompts.fingerprint


def test_proapo_s_form_refuses_texts_it_would_change(tmp_path: Path, clip: OpenClipModel) -> None:
    with pytest.raises(PromptError, match="does not begin so"):
        exported(tmp_path, OWN_TEXTS, clip, "proapo")


def test_a_webdataset_s_files_have_c_for_the_name_and_plain_braces_doubled(tmp_path: Path, clip: OpenClipModel) -> None:
    names, templates = exported(tmp_path, TEMPLATES, clip, "webdataset")
    assert names.name == "classnames.txt"
    assert names.read_text().splitlines() == [label.name for label in CLASSES]
    texts = [line.format(c="owl") for line in templates.read_text().splitlines()]
    assert texts == ["a owl photo.", "stray } brace { and owl", "a owl, a kind of owl."]


def test_a_name_with_a_line_break_is_no_line(tmp_path: Path, clip: OpenClipModel) -> None:
    with pytest.raises(PromptError, match="line breaks"):
        exported(tmp_path, PromptSet.of({"a": "a\nb", "b": "c"}, ["a {}"]), clip, "webdataset")


def test_the_help_of_the_command_names_every_form() -> None:
    from prompt_search.cli.prompt_commands import FORM_NAMES

    assert tuple(FORMS) == FORM_NAMES
