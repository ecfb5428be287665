"""Class embeddings are those of open_clip, and a text is encoded once per cache."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators import OpenClipModel, PromptSet, TextEncoder, class_weights, general_templates
from evaluators.embeddings.class_weights import class_embedding
from tests.fakes.pixel_model import PixelModel

CLASSES = {"cat": "tabby cat", "dog": "dog", "x": "missile {0}"}


def open_clip_classifier(model: OpenClipModel, names: list[str], templates: list[str]) -> "np.ndarray":
    import open_clip

    network, _, _ = open_clip.create_model_and_transforms(model.name)
    tokenizer = open_clip.get_tokenizer(model.name)
    fillers = [lambda name, t=template: t.replace("{}", name) for template in templates]
    with torch.inference_mode():
        built = open_clip.build_zero_shot_classifier(network.eval(), tokenizer, names, fillers)
    weights: np.ndarray = built.numpy()
    return weights


@pytest.mark.parametrize("count", [1, 12])
def test_shared_templates_give_open_clips_own_classifier(tiny: OpenClipModel, count: int) -> None:
    templates = list(general_templates()[:count])
    expected = open_clip_classifier(tiny, list(CLASSES.values()), templates)
    np.testing.assert_allclose(class_weights(PromptSet.of(CLASSES, templates), tiny), expected, atol=1e-5)


def test_exporting_twice_gives_the_same_bits(tiny: OpenClipModel) -> None:
    candidate = PromptSet.of(CLASSES, general_templates()[:5], {"cat": ["it purrs"]})
    np.testing.assert_array_equal(class_weights(candidate, tiny), class_weights(candidate, tiny))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 20))
def test_a_class_embedding_is_the_unit_mean(seed: int, count: int) -> None:
    features = np.random.default_rng(seed).normal(size=(count, 7)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    mean = features.mean(axis=0)
    embedding = class_embedding(features)
    np.testing.assert_allclose(embedding, mean / np.linalg.norm(mean), atol=1e-5)
    assert embedding.dtype == np.float32


def test_texts_that_cancel_out_give_zeros_not_nan() -> None:
    assert class_embedding(np.array([[1, 0], [-1, 0]], dtype=np.float32)).tolist() == [0, 0]


def test_a_text_goes_through_the_tower_once_per_cache(tmp_path: Path) -> None:
    model = PixelModel()
    encoder = TextEncoder(model, tmp_path)
    first = encoder.embed(["a cat", "a dog", "a cat"])
    again = encoder.embed(["a dog", "a cow"])
    np.testing.assert_array_equal(first[1], again[0])
    assert model.texts == ["a cat", "a dog", "a cow"]
    assert encoder.encoded == 3

    other_process = PixelModel()
    np.testing.assert_array_equal(TextEncoder(other_process, tmp_path).embed(["a cow", "a cat"]), [again[1], first[0]])
    assert other_process.texts == []


def test_texts_with_the_same_tokens_share_one_vector(tmp_path: Path) -> None:
    model = PixelModel()
    same = TextEncoder(model, tmp_path).embed(["A  cat", "a cat"])
    np.testing.assert_array_equal(same[0], same[1])
    assert len(model.texts) == 1


def test_models_with_other_fingerprints_share_no_vectors(tmp_path: Path) -> None:
    TextEncoder(PixelModel(), tmp_path).embed(["a cat"])
    other = PixelModel(fingerprint="0ther")
    TextEncoder(other, tmp_path).embed(["a cat"])
    assert other.texts == ["a cat"]


def test_no_texts_no_vectors(tmp_path: Path) -> None:
    assert TextEncoder(PixelModel(), tmp_path).embed([]).shape == (0, PixelModel().width)
