"""transformers' own pipeline answers as we do."""

import json
from pathlib import Path

import pytest

from evaluators import OpenClipModel, PromptSet
from tests.prompt_search.exports.exported import CLASSES, EACH_ONE, OWN_TEXTS, exported, our_cosines, pictures
from tests.prompt_search.exports.transformers_twin import save_twin


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("prompts", [EACH_ONE, OWN_TEXTS])
def test_the_pipeline_gives_our_predictions(
    prompts: PromptSet, tmp_path: Path, tiny_clip: str, clip: OpenClipModel
) -> None:
    import transformers

    (path,) = exported(tmp_path, prompts, clip, "transformers")
    content = json.loads(path.read_text())
    save_twin(tiny_clip, tmp_path / "twin")
    classify = transformers.pipeline("zero-shot-image-classification", model=str(tmp_path / "twin"))
    kept = PromptSet.of(
        CLASSES,
        texts={own["id"]: [text] for text, own in content["classes"].items()},
    )
    answers = [classify(each, **content["arguments"])[0]["label"] for each in pictures()]
    wanted = [CLASSES[i].id for i in our_cosines(kept, clip).argmax(axis=1)]
    assert [content["classes"][text]["id"] for text in answers] == wanted
