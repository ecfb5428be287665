"""A prompt file as scikit-learn's classifier: the answers of the evaluator, from paths, pictures and arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prompt_search
from evaluators import (
    Candidate,
    ClassPair,
    Difference,
    Evaluator,
    LabeledImages,
    OpenClipModel,
    PairwisePrompts,
    PromptSet,
    TextEncoder,
)
from prompt_search.errors import DataError, ModelError, SettingsError
from tests.prompt_search.exports.exported import CLASSES, OWN_TEXTS, TEMPLATES, pictures, prompts_file

PAIRS = (ClassPair("n00", "n01", (Difference("ears", "pointed ears", "floppy ears"),)),)
PAIRWISE = PairwisePrompts(PromptSet.of(CLASSES, ["a photo of a {}."]), PAIRS, k=2)


@pytest.fixture(scope="module")
def clip(tiny_clip: str) -> OpenClipModel:
    return OpenClipModel(tiny_clip)


@pytest.fixture
def saved(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{i}.png" for i in range(12)]
    for path, picture in zip(paths, pictures(), strict=True):
        picture.save(path)
    return paths


@pytest.mark.parametrize("prompts", [TEMPLATES, OWN_TEXTS, PAIRWISE])
def test_predictions_are_those_of_the_evaluator(prompts: Candidate, tmp_path: Path, clip: OpenClipModel) -> None:
    classifier = prompt_search.load(prompts_file(tmp_path / "run", prompts, clip).parent, batch=5)
    labels = np.zeros(12, dtype=np.int64)
    ids = tuple(label.id for label in CLASSES)
    features = clip.encode_images(pictures())
    images = LabeledImages(features, labels, ids, tuple(map(str, range(12))))
    ours = Evaluator(images, TextEncoder(clip, tmp_path / "cache")).predictions(prompts, 4)
    cosines = classifier.decision_function(pictures())
    assert list(classifier.predict(pictures())) == [ids[i] for i in ours.classes[:, 0]]
    assert np.allclose(np.take_along_axis(cosines, ours.classes, axis=1), ours.cosines, atol=1e-5)


def test_paths_pictures_and_arrays_are_the_same_to_it(tmp_path: Path, clip: OpenClipModel, saved: list[Path]) -> None:
    classifier = prompt_search.load(prompts_file(tmp_path / "run", OWN_TEXTS, clip))
    arrays = np.stack([np.asarray(picture) for picture in pictures()])
    wanted = classifier.predict_proba(pictures())
    for given in (saved, list(map(str, saved)), arrays, list(arrays), [saved[0], *pictures()[1:]]):
        assert np.array_equal(classifier.predict_proba(given), wanted)
    assert np.allclose(wanted.sum(axis=1), 1)


def test_probabilities_are_at_the_calibrated_scale(tmp_path: Path, clip: OpenClipModel) -> None:
    path = prompts_file(tmp_path / "run", TEMPLATES, clip, {"calibration": {"logit_scale": 20.0}})
    classifier = prompt_search.load(path)
    logits = 20.0 * classifier.decision_function(pictures())
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(classifier.predict_proba(pictures()), wanted)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_scikit_learn_clones_it_and_takes_it_into_a_pipeline(
    tmp_path: Path, clip: OpenClipModel, saved: list[Path]
) -> None:
    from sklearn.base import clone, is_classifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    classifier = prompt_search.load(prompts_file(tmp_path / "run", OWN_TEXTS, clip), labels="name")
    again = clone(classifier)
    assert again.get_params() == classifier.get_params()
    assert is_classifier(classifier)
    in_folder: Any = FunctionTransformer(lambda names: [tmp_path / name for name in names])
    pipeline = make_pipeline(in_folder, again)
    predicted = pipeline.predict([path.name for path in saved])
    assert list(predicted) == list(classifier.predict(saved))
    assert pipeline.score([path.name for path in saved], list(predicted)) == 1.0
    assert list(pipeline.classes_) == [label.name for label in CLASSES]


def test_a_broken_picture_is_an_error_with_its_name(tmp_path: Path, clip: OpenClipModel, saved: list[Path]) -> None:
    classifier = prompt_search.load(prompts_file(tmp_path / "run", TEMPLATES, clip))
    saved[3].write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"3\.png can't be read"):
        classifier.predict(saved)
    with pytest.raises(DataError, match=r"an array of shape \(2, 2, 1\)"):
        classifier.predict([np.zeros((2, 2, 1), dtype=np.uint8)])


@pytest.mark.parametrize("one", ["picture.png", Path("picture.png"), np.zeros((8, 8, 3), dtype=np.uint8)])
def test_one_picture_in_the_place_of_several_is_refused(one: Any, tmp_path: Path, clip: OpenClipModel) -> None:
    with pytest.raises(DataError, match=r"\[picture\]"):
        prompt_search.load(prompts_file(tmp_path / "run", TEMPLATES, clip)).predict(one)


def test_labels_that_are_no_classes_are_refused(tmp_path: Path, clip: OpenClipModel) -> None:
    classifier = prompt_search.load(prompts_file(tmp_path / "run", TEMPLATES, clip))
    with pytest.raises(DataError, match="'cat', which is no class id"):
        classifier.score(pictures(), ["cat"] * 12)
    with pytest.raises(SettingsError, match="labels must be id or name"):
        prompt_search.load(tmp_path / "run", labels="number")
    twins = PromptSet.of({"a": "crane", "b": "crane"}, ["a {}"])
    with pytest.raises(SettingsError, match="several classes are called 'crane'"):
        _ = prompt_search.load(prompts_file(tmp_path / "two", twins, clip), labels="name").classes_


def test_another_model_is_named_or_refused(
    tmp_path: Path, clip: OpenClipModel, capsys: pytest.CaptureFixture[str]
) -> None:
    path = prompts_file(tmp_path / "run", TEMPLATES, clip, {"calibration": {"logit_scale": 20.0}})
    path.write_text(path.read_text().replace(clip.fingerprint, "0" * 64))
    with pytest.raises(ModelError, match="weights differ"):
        prompt_search.load(path)
    classifier = prompt_search.load(path, model=clip)
    assert "WRONG MODEL" in capsys.readouterr().err
    assert not classifier.opened.calibrated
