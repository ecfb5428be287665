"""Pairwise scores over all images at once are those of the obvious loop over images."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators import (
    ClassPair,
    Difference,
    Evaluator,
    LabeledImages,
    PairwisePrompts,
    PromptSet,
    Score,
    TextEncoder,
)
from evaluators.errors import DataError, PromptError
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.pairwise_score import fallback_share, pair_table, rescore
from tests.fakes.pixel_model import WIDTH, PixelModel
from tests.fakes.reference_score import fitted_cross_entropy

WORDS = ("red", "green", "blue", "round", "flat", "old", "new", "wet")


def base_of(classes: int) -> PromptSet:
    return PromptSet.of({f"c{i}": f"thing {WORDS[i]}" for i in range(classes)}, ["a photo of a {}."])


def some_pairs(rng: np.random.Generator, base: PromptSet, share: float, pool: int) -> tuple[ClassPair, ...]:
    """Random pairs with one to four differences; a small pool of captions makes them repeat between pairs."""
    ids = [label.id for label in base.classes]
    captions = [*[f"{a} {b} thing" for a in "abcdefgh" for b in WORDS][:pool], "a photo of a thing red."]
    return tuple(
        ClassPair(
            one, other, tuple(Difference("d", *map(str, rng.choice(captions, 2))) for _ in range(rng.integers(1, 5)))
        )
        for i, one in enumerate(ids)
        for other in ids[i + 1 :]
        if rng.random() < share
    )


def images(n: int, classes: int, seed: int = 0) -> LabeledImages:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, WIDTH)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    ids = tuple(f"c{i}" for i in range(classes))
    return LabeledImages(features, rng.integers(0, classes, n), ids, tuple(f"{i}.png" for i in range(n)))


def embed(texts: Sequence[str]) -> FloatArray:
    return PixelModel().encode_texts(texts)


@cache
def feature(text: str) -> FloatArray:
    vector: FloatArray = embed([text])[0].astype(np.float64)
    return vector


def unit_mean(texts: Sequence[str]) -> FloatArray:
    mean = np.mean([feature(text) for text in texts], axis=0)
    result: FloatArray = mean / np.linalg.norm(mean)
    return result


def one_image(prompts: PairwisePrompts, image: FloatArray) -> tuple[list[int], list[float]]:
    """FuDD as it is told: the K best classes of one image, and their cosines against each other."""
    ids = [label.id for label in prompts.classes]
    texts = {pair.ids: pair for pair in prompts.pairs}
    first = [float(image @ unit_mean(own)) for own in prompts.base.rendered]
    top = sorted(range(len(ids)), key=lambda c: -first[c])[: prompts.k]
    if prompts.k == 1:
        return top, [first[top[0]]]
    cosines = []
    for c in top:
        union: set[str] = set()
        for rival in top:
            pair = texts.get((min(ids[c], ids[rival]), max(ids[c], ids[rival])))
            if rival != c:
                union |= set(pair.texts(ids[c]) if pair else prompts.base.rendered[c])
        cosines.append(float(image @ unit_mean(sorted(union))))
    return top, cosines


def reference_probabilities(prompts: PairwisePrompts, image: FloatArray, scale: float) -> FloatArray:
    """The two steps' distribution over the classes, as the module's head states it."""
    logits = scale * np.array([float(image @ unit_mean(own)) for own in prompts.base.rendered])
    p: FloatArray = np.exp(logits - logits.max())
    p /= p.sum()
    top, cosines = one_image(prompts, image)
    second = np.exp(scale * (np.array(cosines) - max(cosines)))
    p[top] = p[top].sum() * second / second.sum()
    return p


def scored(prompts: PairwisePrompts, split: LabeledImages, folder: Path, memory_limit: int = 2**29) -> Score:
    (score,) = Evaluator(split, TextEncoder(PixelModel(), folder), memory_limit).score([prompts])
    return score


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    classes=st.integers(2, 8),
    k=st.integers(1, 10),
    share=st.sampled_from([0.0, 0.3, 0.8, 1.0]),
    pool=st.sampled_from([2, 8, 64]),
)
def test_cosines_equal_the_loop_over_images(seed: int, classes: int, k: int, share: float, pool: int) -> None:
    rng = np.random.default_rng(seed)
    base = base_of(classes)
    prompts = PairwisePrompts(base, some_pairs(rng, base, share, pool), k)
    features = images(12, classes, seed).embeddings[:]
    expected = [one_image(prompts, image) for image in features]
    shortlist = torch.tensor([top for top, _ in expected])
    if shortlist.shape[1] > 1:
        found = rescore(pair_table(prompts, embed), torch.from_numpy(features), shortlist)
        np.testing.assert_allclose(found.numpy(), [cosines for _, cosines in expected], atol=2e-6)


@pytest.mark.parametrize("k", [1, 2, 3, 6, 8, 20])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_every_figure_follows_from_the_two_steps(tmp_path: Path, k: int, share: float) -> None:
    base = base_of(8)
    prompts = PairwisePrompts(base, some_pairs(np.random.default_rng(k), base, share, 20), k)
    split = images(150, 8, seed=3)
    score = scored(prompts, split, tmp_path)
    p = np.array([reference_probabilities(prompts, image, 100.0) for image in split.embeddings[:]])
    best = []
    for image in split.embeddings[:]:
        top, cosines = one_image(prompts, image)
        best.append(top[int(np.argmax(cosines))])
    assert score.top1 == pytest.approx(float(np.mean(np.array(best) == split.labels)), abs=1e-6)
    assert (p.argmax(axis=1) == best).all()
    own = p[np.arange(len(split)), split.labels]
    assert score.cross_entropy == pytest.approx(float(-np.log(own).mean()), abs=2e-4)
    assert score.prediction_entropy == pytest.approx(float(-(p * np.log(p)).sum(axis=1).mean()), abs=2e-4)
    others = np.where(np.arange(8) == split.labels[:, None], 0, p).max(axis=1)
    assert score.margin == pytest.approx(float((np.log(own / others) / 100.0).mean()), abs=2e-5)


def test_top_5_is_not_claimed_and_redundancy_is_that_of_the_base(tmp_path: Path) -> None:
    base = base_of(8)
    prompts = PairwisePrompts(base, some_pairs(np.random.default_rng(0), base, 1.0, 20), 6)
    (plain,) = Evaluator(images(40, 8), TextEncoder(PixelModel(), tmp_path)).score([base])
    score = scored(prompts, images(40, 8), tmp_path)
    assert plain.top5 is not None
    assert score.top5 is None
    assert score.redundancy == plain.redundancy


@pytest.mark.parametrize("classes", [5, 8])
def test_with_k_1_the_answer_is_that_of_the_first_step(tmp_path: Path, classes: int) -> None:
    base = base_of(classes)
    prompts = PairwisePrompts(base, some_pairs(np.random.default_rng(1), base, 1.0, 20), k=1)
    evaluator = Evaluator(images(60, classes), TextEncoder(PixelModel(), tmp_path))
    plain, pairwise = evaluator.score([base, prompts])
    assert plain.to_json() | {"top5": None} == pairwise.to_json()
    assert (evaluator.label_ranks(base) == evaluator.label_ranks(prompts)).all()


def test_without_any_pair_the_answer_is_that_of_the_first_step(tmp_path: Path) -> None:
    base = base_of(8)
    evaluator = Evaluator(images(60, 8), TextEncoder(PixelModel(), tmp_path))
    plain, pairwise = evaluator.score([base, PairwisePrompts(base, (), k=4)])
    assert (plain.top1, plain.confusions) == (pairwise.top1, pairwise.confusions)
    assert plain.cross_entropy == pytest.approx(pairwise.cross_entropy, abs=2e-6)


def test_with_k_of_c_or_more_every_class_is_re_scored_alike(tmp_path: Path) -> None:
    base = base_of(6)
    pairs = some_pairs(np.random.default_rng(1), base, 1.0, 20)
    split = images(60, 6)
    first = scored(PairwisePrompts(base, pairs, k=6), split, tmp_path)
    assert first == scored(PairwisePrompts(base, pairs, k=1000), split, tmp_path)
    texts = {
        f"c{i}": sorted({t for pair in pairs if f"c{i}" in pair.ids for t in pair.texts(f"c{i}")}) for i in range(6)
    }
    (plain,) = Evaluator(split, TextEncoder(PixelModel(), tmp_path)).score([PromptSet.of(base.classes, texts=texts)])
    assert (first.top1, first.confusions) == (plain.top1, plain.confusions)
    assert first.cross_entropy == pytest.approx(plain.cross_entropy, abs=2e-5)
    assert first.margin == pytest.approx(plain.margin, abs=2e-6)


def test_neither_the_order_of_pairs_nor_of_captions_matters(tmp_path: Path) -> None:
    base = base_of(7)
    pairs = some_pairs(np.random.default_rng(1), base, 0.8, 20)
    turned = tuple(ClassPair(p.first, p.second, p.differences[::-1]) for p in pairs[::-1])
    split = images(60, 7)
    assert scored(PairwisePrompts(base, pairs, 4), split, tmp_path) == scored(
        PairwisePrompts(base, turned, 4), split, tmp_path
    )


def test_equal_texts_for_all_classes_are_never_right(tmp_path: Path) -> None:
    base = PromptSet.of({f"c{i}": "thing" for i in range(6)}, ["a {}"])
    same = Difference("none", "one text", "one text")
    pairs = tuple(ClassPair(f"c{i}", f"c{j}", (same,)) for i in range(6) for j in range(i + 1, 6))
    for k in (1, 2, 4, 6):
        assert scored(PairwisePrompts(base, pairs, k), images(60, 6), tmp_path).top1 == 0.0
        assert scored(PairwisePrompts(base, (), k), images(60, 6), tmp_path).top1 == 0.0


@pytest.mark.parametrize("memory_limit", [1, 5000])
def test_little_memory_gives_the_same_score(tmp_path: Path, memory_limit: int) -> None:
    base = base_of(8)
    prompts = PairwisePrompts(base, some_pairs(np.random.default_rng(4), base, 0.7, 20), 4)
    split = images(60, 8)
    whole, chunked = scored(prompts, split, tmp_path), scored(prompts, split, tmp_path, memory_limit)
    assert (whole.top1, whole.confusions) == (chunked.top1, chunked.confusions)
    assert whole.cross_entropy == pytest.approx(chunked.cross_entropy, abs=2e-6)


def test_many_images_pass_through_in_several_batches() -> None:
    base = base_of(8)
    prompts = PairwisePrompts(base, some_pairs(np.random.default_rng(4), base, 0.7, 20), 8)
    features = images(700, 8).embeddings[:]
    shortlist = torch.arange(8).expand(700, 8)
    found = rescore(pair_table(prompts, embed), torch.from_numpy(features), shortlist)
    for i in (0, 1, 127, 128, 129, 699):
        top, cosines = one_image(prompts, features[i])
        np.testing.assert_allclose(found[i, top].numpy(), cosines, atol=2e-6)


def test_ranks_and_top_classes_agree_with_the_score(tmp_path: Path) -> None:
    base = base_of(8)
    prompts = PairwisePrompts(base, some_pairs(np.random.default_rng(4), base, 0.7, 20), 4)
    evaluator = Evaluator(images(60, 8), TextEncoder(PixelModel(), tmp_path))
    (score,) = evaluator.score([prompts])
    assert (evaluator.label_ranks(prompts) == 0).sum() == score.correct
    assert (evaluator.top_classes(prompts, 1)[:, 0] == evaluator.images.labels).sum() == score.correct
    shortlists = evaluator.top_classes(base, 4)
    assert (evaluator.top_classes(prompts, 1) == shortlists).any(axis=1).all()
    assert evaluator.class_cross_entropies(prompts) == score.class_cross_entropy


def test_the_share_of_images_that_fall_back_counts_missing_pairs_among_their_best_classes(tmp_path: Path) -> None:
    base = base_of(4)
    told = Difference("d", "x", "y")
    prompts = PairwisePrompts(base, (ClassPair("c0", "c1", (told,)), ClassPair("c1", "c2", (told,))), 2)
    assert fallback_share(prompts, np.array([[0, 1], [1, 0], [2, 1], [0, 2]])) == 0.25
    assert fallback_share(prompts, np.array([[0], [3]])) == 0.0
    assert fallback_share(prompts, np.array([[0, 1, 2], [0, 1, 3]])) == 1.0
    evaluator = Evaluator(images(60, 4), TextEncoder(PixelModel(), tmp_path))
    assert evaluator.fallback_share(prompts) == fallback_share(prompts, evaluator.top_classes(base, 2))
    assert evaluator.fallback_share(PairwisePrompts(base, (), 2)) == 1.0
    assert evaluator.fallback_share(PairwisePrompts(base, (), 1)) == 0.0


def test_each_text_is_encoded_once_and_pairs_of_other_classes_are_refused(tmp_path: Path) -> None:
    model = PixelModel()
    evaluator = Evaluator(images(20, 5), TextEncoder(model, tmp_path))
    base = base_of(5)
    prompts = PairwisePrompts(base, some_pairs(np.random.default_rng(4), base, 1.0, 20), 3)
    evaluator.score([prompts, base, prompts])
    assert len(model.texts) == len(set(model.texts))
    assert set(model.texts) == {text for own in prompts.rendered for text in own}
    with pytest.raises(PromptError, match="different classes"):
        evaluator.score([PairwisePrompts(base_of(6), (), 3)])


def test_features_that_are_not_finite_name_their_text() -> None:
    base = base_of(2)
    prompts = PairwisePrompts(base, (ClassPair("c0", "c1", (Difference("d", "a fine text", "a huge text"),)),), 2)

    def overflowing(texts: Sequence[str]) -> FloatArray:
        features = embed(texts)
        features[["huge" in text for text in texts]] = np.inf
        return features

    with pytest.raises(DataError, match="'a huge text' are not finite"):
        pair_table(prompts, overflowing)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_logit_scale_is_fitted_to_the_distribution_of_both_steps(tmp_path: Path, share: float) -> None:
    base = base_of(8)
    prompts = PairwisePrompts(base, some_pairs(np.random.default_rng(2), base, share, 20), 4)
    split = images(150, 8, seed=3)
    p = np.array([reference_probabilities(prompts, image, 100.0) for image in split.embeddings[:]])
    least, _ = fitted_cross_entropy(np.log(p) / 100.0, split.labels, 100.0)
    assert scored(prompts, split, tmp_path).fitted_cross_entropy == pytest.approx(least, abs=5e-5)
