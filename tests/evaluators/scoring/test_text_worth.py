"""What a text is worth is what the evaluator says of the set without it."""

from pathlib import Path

import numpy as np
import pytest

from evaluators import Evaluator, LabeledImages, PromptSet, TextEncoder
from evaluators.scoring import text_worth as module
from tests.fakes.hashed_model import HashedModel, random_unit_rows

NAMES = {"a": "cat", "b": "dog", "c": "owl"}


@pytest.fixture
def evaluator(tmp_path: Path) -> Evaluator:
    labels = np.arange(90, dtype=np.int64) % 3
    images = LabeledImages(random_unit_rows(90, 32), labels, tuple(NAMES), tuple(map(str, range(90))))
    return Evaluator(images, TextEncoder(HashedModel(), tmp_path))


def expected(evaluator: Evaluator, whole: PromptSet, without: PromptSet) -> tuple[float, int]:
    before, after = evaluator.score([whole, without])
    return after.cross_entropy - before.cross_entropy, before.correct - after.correct


def test_the_worth_of_texts_and_templates_is_what_scoring_without_them_says(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IMAGES_AT_ONCE", 32)
    texts = {"a": ["a tabby", "a lion"], "b": ["a terrier"], "c": ["a barn owl", "a snowy owl", "an eagle owl"]}
    whole = PromptSet.of(NAMES, ["a {}.", "the {}!"], texts)
    found = evaluator.text_worth(whole)
    assert found is not None
    for index, own in enumerate(whole.texts):
        for number, text in enumerate(own):
            rest = texts | {whole.classes[index].id: [each for each in own if each != text]}
            nats, images = expected(evaluator, whole, PromptSet.of(NAMES, whole.templates, rest))
            worth = found.texts[index][number]
            assert worth is not None
            assert worth[0] == pytest.approx(nats, abs=3e-6)
            assert worth[1] == images
    for number in range(2):
        nats, images = expected(evaluator, whole, whole.with_templates([whole.templates[1 - number]]))
        worth = found.templates[number]
        assert worth is not None
        assert worth[0] == pytest.approx(nats, abs=3e-6)
        assert worth[1] == images


def test_the_only_text_of_a_class_has_no_worth_and_one_that_a_template_repeats_has_none_of_its_own(
    evaluator: Evaluator,
) -> None:
    alone = evaluator.text_worth(PromptSet.of(NAMES, texts={"a": ["x"], "b": ["y", "z"], "c": ["w"]}))
    assert alone is not None
    assert (alone.texts[0], alone.texts[2]) == ((None,), (None,))
    assert None not in alone.texts[1]
    repeated = evaluator.text_worth(PromptSet.of(NAMES, ["a {}."], {"a": ["a cat.", "a tabby"]}))
    assert repeated is not None
    assert repeated.templates == (None,)
    assert repeated.texts[0][0] == (0.0, 0)


def test_a_set_that_would_take_minutes_is_left_alone(evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WORK", 90 * 3 - 1)
    assert evaluator.text_worth(PromptSet.of(NAMES, ["a {}."])) is None


def test_predictions_agree_with_the_score_and_a_tie_is_no_hit(evaluator: Evaluator) -> None:
    prompts = PromptSet.of(NAMES, ["a {}."])
    found = evaluator.predictions(prompts, 5)
    labels = evaluator.images.labels
    assert found.classes.shape == found.cosines.shape == (90, 3)
    assert int(np.sum(found.classes[:, 0] == labels)) == evaluator.score([prompts])[0].correct
    assert (np.diff(found.cosines, axis=1) <= 0).all()
    tied = PromptSet.of(NAMES, texts={key: ["the same"] for key in NAMES})
    assert not np.any(evaluator.predictions(tied, 1).classes[:, 0] == labels)
