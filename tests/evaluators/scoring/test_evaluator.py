"""Scores of prompt sets on a split: right, independent of what else is scored, and cheap."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from evaluators import FITNESS_PRESETS, Evaluator, LabeledImages, OpenClipModel, PromptSet, TextEncoder, class_weights
from evaluators.errors import DataError, ModelError, PromptError
from evaluators.models.image_text_model import FloatArray
from evaluators.precision import Precision
from evaluators.scoring.fitness import FIGURES_READ
from evaluators.scoring.score import COSTLY_FIGURES
from tests.fakes.pixel_model import WIDTH, PixelModel
from tests.fakes.reference_score import reference_score

NAMES = {f"c{i}": f"thing {word}" for i, word in enumerate(["red", "green", "blue", "round", "flat", "old", "new"])}
TEMPLATES = ["a photo of a {}.", "a drawing of a {}", "{}", "one small {} at night"]


def images(n: int = 60, width: int = WIDTH, classes: int = len(NAMES), seed: int = 0) -> LabeledImages:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, width)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    ids = tuple(sorted(NAMES))[:classes]
    return LabeledImages(features, rng.integers(0, classes, n), ids, tuple(f"{i}.png" for i in range(n)))


def candidates() -> list[PromptSet]:
    single = [PromptSet.of(NAMES, [template]) for template in TEMPLATES]
    return [*single, PromptSet.of(NAMES, TEMPLATES), PromptSet.of(NAMES, ["{}"], {"c2": ["it is as blue as the sky"]})]


@pytest.fixture
def evaluator(tmp_path: Path) -> Evaluator:
    return Evaluator(images(), TextEncoder(PixelModel(), tmp_path))


def test_a_score_equals_a_plain_numpy_reference(evaluator: Evaluator) -> None:
    candidate = PromptSet.of(NAMES, TEMPLATES, {"c0": ["blood and roses"]})
    weights = class_weights(candidate, PixelModel())
    (score,) = evaluator.score([candidate])
    measured = score.to_json()
    expected = reference_score(np.asarray(evaluator.images.embeddings) @ weights, evaluator.images.labels, scale=100.0)
    assert measured["confusions"] == expected.pop("confusions")
    for name, value in expected.items():
        assert measured[name] == pytest.approx(value, abs=5e-5), name
    upper = np.triu(weights.T @ weights - np.eye(len(NAMES)), k=1)
    assert score.redundancy == pytest.approx(float(np.sqrt((upper**2).sum())), abs=1e-5)


def test_a_score_does_not_depend_on_the_other_candidates_or_their_order(tmp_path: Path) -> None:
    sets = candidates()
    together = Evaluator(images(), TextEncoder(PixelModel(), tmp_path / "a")).score(sets)
    backwards = Evaluator(images(), TextEncoder(PixelModel(), tmp_path / "b")).score(sets[::-1])[::-1]
    alone = [
        Evaluator(images(), TextEncoder(PixelModel(), tmp_path / f"c{i}")).score([candidate])[0]
        for i, candidate in enumerate(sets)
    ]
    assert together == backwards == alone


def test_the_same_candidate_twice_and_none_at_all(evaluator: Evaluator) -> None:
    first, second = evaluator.score([candidates()[0]] * 2)
    assert first == second
    assert evaluator.score([]) == []


@pytest.mark.parametrize("memory_limit", [1, 2**22])
def test_too_little_memory_gives_the_same_score_to_rounding(tmp_path: Path, memory_limit: int) -> None:
    encoder = TextEncoder(PixelModel(), tmp_path)
    roomy, tight = Evaluator(images(), encoder), Evaluator(images(), encoder, memory_limit=memory_limit)
    for whole, chunked in zip(roomy.score(candidates()), tight.score(candidates()), strict=True):
        assert (whole.top1, whole.top5, whole.recall, whole.confusions) == (
            chunked.top1, chunked.top5, chunked.recall, chunked.confusions,
        )  # fmt: skip
        assert whole.cross_entropy == pytest.approx(chunked.cross_entropy, abs=2e-6)
        assert whole.margin == pytest.approx(chunked.margin, abs=2e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 33, 60])
@pytest.mark.parametrize("classes", [2, 3, 5, 7])
def test_one_text_for_all_classes_scores_nothing_at_any_shape(tmp_path: Path, n: int, classes: int) -> None:
    split = images(n, classes=classes)
    candidate = PromptSet.of({i: NAMES[i] for i in split.class_ids}, texts={i: ["a thing"] for i in split.class_ids})
    (score,) = Evaluator(split, TextEncoder(PixelModel(), tmp_path)).score([candidate])
    assert (score.top1, score.margin) == (0.0, 0.0)


def test_two_classes_with_one_text_are_never_right_and_the_others_may_be(tmp_path: Path) -> None:
    texts = {i: ["a twin"] if i in ("c1", "c4") else [f"text of {i}"] for i in NAMES}
    evaluator = Evaluator(images(500), TextEncoder(PixelModel(), tmp_path))
    (score,) = evaluator.score([PromptSet.of(NAMES, texts=texts)])
    assert (score.recall[1], score.recall[4]) == (0.0, 0.0)
    assert score.top1 > 0


def test_a_single_class_is_always_right(tmp_path: Path) -> None:
    evaluator = Evaluator(images(classes=1), TextEncoder(PixelModel(), tmp_path))
    (score,) = evaluator.score([PromptSet.of({"c0": "thing"}, ["a {}"])])
    assert (score.top1, score.cross_entropy, score.redundancy) == (1.0, 0.0, 0.0)


def test_ranks_say_which_images_are_right(evaluator: Evaluator) -> None:
    candidate = candidates()[0]
    ranks = evaluator.label_ranks(candidate)
    (score,) = evaluator.score([candidate])
    assert ranks.shape == (60,)
    assert (ranks == 0).sum() == score.correct
    assert float((ranks < 5).mean()) == pytest.approx(score.top5, abs=1e-6)


def test_a_text_is_encoded_once_for_all_candidates(tmp_path: Path) -> None:
    model = PixelModel()
    evaluator = Evaluator(images(), TextEncoder(model, tmp_path))
    evaluator.score(candidates())
    evaluator.score(candidates())
    assert len(model.texts) == len(set(model.texts))
    assert set(model.texts) == {text for c in candidates() for own in c.rendered for text in own}


def test_the_embedding_of_a_class_with_the_same_texts_is_made_once(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    real = evaluator._texts.embed_keys

    def counting(keys: Sequence[bytes]) -> FloatArray:
        made.append(len(keys))
        return real(keys)

    monkeypatch.setattr(evaluator._texts, "embed_keys", counting)
    base = PromptSet.of(NAMES, ["a {}", "the {}"])
    evaluator.score([base, PromptSet.of(NAMES, ["the {}", "a {}"])])
    assert made == [2 * len(NAMES)]
    evaluator.score([PromptSet.of(NAMES, ["a {}", "the {}"], {"c3": ["round as a ball"]})])
    assert made == [2 * len(NAMES), 3]


def test_images_of_another_width_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="image features have 5 dimensions, texts 8"):
        Evaluator(images(width=5), TextEncoder(PixelModel(), tmp_path))


def test_a_candidate_for_other_classes_is_refused_and_nothing_is_encoded(tmp_path: Path) -> None:
    model = PixelModel()
    evaluator = Evaluator(images(), TextEncoder(model, tmp_path))
    stranger = PromptSet.of({**NAMES, "zebra": "zebra"}, ["a {}"])
    with pytest.raises(PromptError, match=r"different classes, e\.g\. .*zebra"):
        evaluator.score([candidates()[0], stranger])
    with pytest.raises(PromptError, match="zebra"):
        evaluator.label_ranks(stranger)
    assert model.texts == []


@dataclass
class Overflowing(PixelModel):
    """Half precision gone wrong for some texts."""

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        features = super().encode_texts(texts)
        features[["huge" in text for text in texts]] = np.nan
        return features


def test_text_features_that_are_not_finite_name_the_text_every_time(tmp_path: Path) -> None:
    evaluator = Evaluator(images(), TextEncoder(Overflowing(), tmp_path))
    candidate = PromptSet.of(NAMES, ["a {}"], {"c3": ["a huge ball"]})
    for _ in range(2):
        with pytest.raises(DataError, match=r"'a huge ball' are not finite; try precision fp32"):
            evaluator.score([candidate])


def test_read_only_and_narrow_arrays_are_fine(tmp_path: Path) -> None:
    split = images()
    features = np.array(split.embeddings)
    features.flags.writeable = False
    frozen = LabeledImages(features, split.labels.astype(np.int32), split.class_ids, split.image_ids)
    frozen.labels.flags.writeable = False
    encoder = TextEncoder(PixelModel(), tmp_path)
    assert Evaluator(frozen, encoder).score(candidates()) == Evaluator(split, encoder).score(candidates())


def test_a_real_model_scores_alike_alone_and_in_company(tiny: OpenClipModel, tmp_path: Path) -> None:
    split = images(width=tiny.width)
    together = Evaluator(split, TextEncoder(tiny, tmp_path / "a")).score(candidates())
    for i, candidate in enumerate(candidates()):
        (alone,) = Evaluator(split, TextEncoder(tiny, tmp_path / str(i))).score([candidate])
        assert alone == together[i]


def test_a_text_longer_than_the_context_is_refused_by_name_and_nothing_is_encoded(
    tiny: OpenClipModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator = Evaluator(images(width=tiny.width), TextEncoder(tiny, tmp_path))
    long = "a picture of a {} that is " + "very " * 80 + "small"
    for candidate in (PromptSet.of(NAMES, [long]), PromptSet.of(NAMES, ["a {}"], {"c3": [long]})):
        with pytest.raises(PromptError, match=r"the text 'a picture of a .* has \d+ tokens, but the model reads 77"):
            evaluator.score([candidates()[0], candidate])
    assert evaluator._texts.encoded == 0
    evaluator.score([candidates()[0]])
    monkeypatch.setattr(tiny, "token_counts", lambda _: pytest.fail("a text that was seen before is counted again"))
    evaluator.score([candidates()[0], PromptSet.of(NAMES, [TEMPLATES[0]])])


@pytest.mark.parametrize("devices", [("cpu", "cpu"), ("cpu", "cpu:0", "cpu")])
@pytest.mark.parametrize("n", [1, 60, 1100])
def test_images_sharded_over_devices_give_the_same_scores(tmp_path: Path, n: int, devices: tuple[str, ...]) -> None:
    encoder = TextEncoder(PixelModel(), tmp_path)
    together, sharded = Evaluator(images(n), encoder), Evaluator(images(n), encoder, devices=devices)
    assert together.score(candidates()) == sharded.score(candidates())
    assert (together.label_ranks(candidates()[0]) == sharded.label_ranks(candidates()[0])).all()


def test_shards_of_a_split_add_up_to_the_split(tmp_path: Path) -> None:
    whole, encoder = images(90), TextEncoder(PixelModel(), tmp_path)
    (expected,) = Evaluator(whole, encoder).score(candidates()[:1])
    correct = 0
    for part in (slice(0, 13), slice(13, 14), slice(14, 90)):
        shard = LabeledImages(whole.embeddings[part], whole.labels[part], whole.class_ids, whole.image_ids[part])
        (score,) = Evaluator(shard, encoder).score(candidates()[:1])
        correct += score.correct
    assert correct == expected.correct


@pytest.mark.parametrize(("precision", "tolerance"), [("bf16", 0.5), ("fp16", 0.05)])
def test_half_precision_scores_are_near_the_exact_ones(tmp_path: Path, precision: Precision, tolerance: float) -> None:
    encoder = TextEncoder(PixelModel(), tmp_path)
    (exact,) = Evaluator(images(), encoder).score(candidates()[:1])
    (rounded,) = Evaluator(images(), encoder, precision=precision).score(candidates()[:1])
    assert rounded.cross_entropy == pytest.approx(exact.cross_entropy, abs=tolerance)
    assert rounded != exact


def test_images_on_disk_score_as_those_in_memory(tmp_path: Path) -> None:
    split, encoder = images(1100), TextEncoder(PixelModel(), tmp_path / "texts")
    np.save(tmp_path / "features.npy", np.asarray(split.embeddings))
    on_disk = np.load(tmp_path / "features.npy", mmap_mode="r")
    mapped = LabeledImages(on_disk, split.labels, split.class_ids, split.image_ids)
    assert Evaluator(mapped, encoder).score(candidates()) == Evaluator(split, encoder).score(candidates())


def test_ranks_and_top_classes_are_those_of_the_scored_cosines_even_in_ties(tmp_path: Path) -> None:
    texts = {i: ["a twin"] if i in ("c1", "c4") else [f"text of {i}"] for i in NAMES}
    candidate = PromptSet.of(NAMES, texts=texts)
    evaluator = Evaluator(images(1100), TextEncoder(PixelModel(), tmp_path))
    (score,) = evaluator.score([candidate])
    ranks, top = evaluator.label_ranks(candidate), evaluator.top_classes(candidate, len(NAMES))
    assert (ranks == 0).sum() == score.correct
    places = np.argsort(top, axis=1)
    assert (places[:, 4] == places[:, 1] + 1).all()


def test_costly_figures_may_be_left_out_and_confusions_cut(tmp_path: Path) -> None:
    encoder = TextEncoder(PixelModel(), tmp_path)
    whole = Evaluator(images(), encoder).score(candidates())
    cut = Evaluator(images(), encoder, figures=(), most_confusions=2).score(candidates())
    assert max(len(each.confusions) for each in whole) > 2
    for some, every in zip(cut, whole, strict=True):
        left_out = dict.fromkeys(COSTLY_FIGURES)
        assert None not in [getattr(every, name) for name in left_out]
        assert some == replace(every, **left_out, confusions=every.confusions[:2])  # type: ignore[arg-type]


def test_a_fitness_that_reads_what_was_left_out_says_so(tmp_path: Path) -> None:
    (score,) = Evaluator(images(), TextEncoder(PixelModel(), tmp_path), figures=()).score(candidates()[:1])
    for name, figures in FIGURES_READ.items():
        assert set(figures) <= set(COSTLY_FIGURES)
        with pytest.raises(ValueError, match="made without its"):
            FITNESS_PRESETS[name](score)
    for name in FITNESS_PRESETS.keys() - FIGURES_READ.keys():
        assert isinstance(FITNESS_PRESETS[name](score), float)


def test_cross_entropies_by_class_are_those_of_a_score_that_has_them(tmp_path: Path) -> None:
    texts = TextEncoder(PixelModel(), tmp_path)
    plain = Evaluator(images(), texts, figures=())
    for candidate, score in zip(candidates(), Evaluator(images(), texts).score(candidates()), strict=True):
        assert score.class_cross_entropy is not None
        assert len(set(score.class_cross_entropy)) > 1
        assert plain.class_cross_entropies(candidate) == score.class_cross_entropy
    assert [score.class_cross_entropy for score in plain.score(candidates())] == [None] * len(candidates())


def test_what_is_said_of_single_images_does_not_depend_on_how_many_are_sorted_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator, candidate = Evaluator(images(1100), TextEncoder(PixelModel(), tmp_path)), candidates()[0]

    def said() -> tuple[object, ...]:
        found = evaluator.predictions(candidate, 3)
        errors = evaluator.calibration_errors(candidate, [evaluator.logit_scale, 10.0])
        return (
            *(each.tolist() for each in (found.classes, found.cosines, evaluator.top_classes(candidate, 2))),
            errors,
        )

    whole = said()
    monkeypatch.setattr("evaluators.scoring.evaluator.LOGITS_AT_ONCE", 100)
    assert said() == whole


def test_what_is_forgotten_is_made_again_to_the_same_bits(tmp_path: Path) -> None:
    evaluator = Evaluator(images(), TextEncoder(PixelModel(), tmp_path))
    before = evaluator.score(candidates())
    assert len(evaluator._embeddings._kept) > 0
    evaluator.forget()
    assert (len(evaluator._embeddings._kept), evaluator._embeddings._kept.size) == (0, 0)
    assert evaluator.score(candidates()) == before
