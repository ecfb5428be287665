"""The README beside a result."""

import pytest

from evaluators import PHOTO_TEMPLATE
from prompt_search.report.readme import readme
from tests.prompt_search.report.test_result import result, row


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("ViT-B-32/laion2b_s34b_b79k", '("ViT-B-32", pretrained="laion2b_s34b_b79k")'),
        ("hf-hub:owner/model", '("hf-hub:owner/model")'),
        ("local-dir:models/mine", '("local-dir:models/mine")'),
    ],
)
def test_the_snippet_opens_the_model_as_open_clip_does(name: str, call: str) -> None:
    text = readme(result(row("photo", PHOTO_TEMPLATE, 5, 5)), {"name": name, "precision": "fp32"})
    assert f"create_model_and_transforms{call}" in text


def test_only_forms_that_have_a_place_for_the_prompts_are_named() -> None:
    text = readme(result(row("photo", PHOTO_TEMPLATE, 5, 5)), {"name": "mini-clip", "precision": "fp32"})
    assert "--to safetensors,cupl,open_clip" in text
