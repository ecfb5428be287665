"""Features are open_clip's own, whatever is cut off; and a model that can't be used says why."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from evaluators import OpenClipModel
from evaluators.errors import ModelError
from evaluators.models.image_text_model import FloatArray
from tests.fakes.same_bits import check_alone_as_together, torch_threads
from tests.fakes.tiny_variants import save_variant

CONFIG = "open_clip_config.json"
WEIGHTS = "open_clip_model.safetensors"
LONG = "word " * 90
TEXTS = [
    "a cat",
    "",
    "a photo of a small red house, by the sea!",
    "cat " * 74,
    "cat " * 75,
    LONG,
    "naïve 🐈 {}",
    "a cat",
]
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "custom": ({}, {"custom_text": True}),
    "last": ({"pool_type": "last"}, {"custom_text": True}),
    "bidirectional": ({"no_causal_mask": True}, {"custom_text": True}),
    "coca-like": ({"embed_cls": True}, {"custom_text": True}),
}


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Model names by kind."""
    folder = tmp_path_factory.mktemp("variants")
    return {kind: save_variant(folder / kind, text, **top) for kind, (text, top) in VARIANTS.items()}


def open_clips_own(name: str, texts: list[str]) -> FloatArray:
    import open_clip

    network, _, _ = open_clip.create_model_and_transforms(name)
    with torch.inference_mode():
        features: FloatArray = network.eval().encode_text(open_clip.get_tokenizer(name)(texts), normalize=True).numpy()
    return features


def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    sizes = [(32, 32), (50, 20), (7, 90)]
    return [Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)) for w, h in sizes]


def test_text_features_are_open_clips_own_at_every_length(tiny: OpenClipModel) -> None:
    assert tiny.cut_is_exact
    expected = open_clips_own(tiny.name, TEXTS)
    np.testing.assert_allclose(tiny.encode_texts(TEXTS), expected, atol=1e-5)
    for text, row in zip(TEXTS, expected, strict=True):
        np.testing.assert_allclose(tiny.encode_texts([text])[0], row, atol=1e-5)


def test_a_custom_text_tower_is_cut_and_equal(variants: dict[str, str]) -> None:
    import open_clip

    model = OpenClipModel(variants["custom"], device="cpu")
    assert isinstance(model._model, open_clip.CustomTextCLIP)
    assert model.cut_is_exact
    np.testing.assert_allclose(model.encode_texts(TEXTS), open_clips_own(model.name, TEXTS), atol=1e-5)


@pytest.mark.parametrize("kind", ["last", "bidirectional", "coca-like"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_tower_that_must_not_be_cut_is_detected(variants: dict[str, str], kind: str, precision: str) -> None:
    model = OpenClipModel(variants[kind], device="cpu", precision=precision)  # type: ignore[arg-type]
    assert not model.cut_is_exact
    tolerance = 1e-5 if precision == "fp32" else 0.1
    np.testing.assert_allclose(model.encode_texts(TEXTS), open_clips_own(model.name, TEXTS), atol=tolerance)


@pytest.fixture
def encoded_shapes(tiny: OpenClipModel, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Texts and tokens of every batch that goes through the tower from now on."""
    shapes: list[tuple[int, int]] = []
    real = tiny._text_tower._encode_tokens

    def recording(tokens: torch.Tensor, length: int) -> FloatArray:
        shapes.append((len(tokens), length))
        return real(tokens, length)

    monkeypatch.setattr(tiny._text_tower, "_encode_tokens", recording)
    return shapes


def test_cutting_is_really_cutting(tiny: OpenClipModel, encoded_shapes: list[tuple[int, int]]) -> None:
    tiny.encode_texts(["a cat", "a dog"])
    assert [length for _, length in encoded_shapes] == [4]


def test_a_text_given_many_times_is_encoded_once(tiny: OpenClipModel, encoded_shapes: list[tuple[int, int]]) -> None:
    features = tiny.encode_texts(["a dog", "a cat"] * 200 + ["A  CAT"])
    assert len(encoded_shapes) == 1
    np.testing.assert_array_equal(features[2:400], features[:398])
    np.testing.assert_array_equal(features[400], features[1])
    assert np.abs(features[0] - features[1]).max() > 1e-3


def test_a_text_has_the_same_bits_whatever_is_encoded_beside_it(tiny: OpenClipModel) -> None:
    many = [f"{text} {i}" for i in range(9) for text in ("a cat", "a photo of a small red house", "x " * 30)]
    together = tiny.encode_texts(many)
    for i in (0, 1, 2, 13, 26):
        np.testing.assert_array_equal(tiny.encode_texts([many[i]])[0], together[i])


@pytest.mark.parametrize("words", [8, 16, 20])
def test_a_text_has_the_same_bits_at_every_place_in_a_batch(tiny: OpenClipModel, words: int) -> None:
    """With two threads, a text being one row of the last product: see `SIZE_STEP`."""
    with torch_threads(2):
        check_alone_as_together(tiny, ["cat " * words + end for end in "abcdefghijklmnop"])


def test_an_image_has_the_same_bits_whatever_is_encoded_beside_it(tiny: OpenClipModel) -> None:
    many = pictures() * 7
    together = tiny.encode_images(many)
    for i in range(3):
        np.testing.assert_array_equal(tiny.encode_images([many[i]])[0], together[i])
        np.testing.assert_array_equal(together[i], together[i + 18])


def test_image_features_are_open_clips_own(tiny: OpenClipModel) -> None:
    import open_clip

    network, _, preprocess = open_clip.create_model_and_transforms(tiny.name)
    with torch.inference_mode():
        pixels = torch.stack([preprocess(picture) for picture in pictures()])
        expected = network.eval().encode_image(pixels, normalize=True).numpy()
    np.testing.assert_allclose(tiny.encode_images(pictures()), expected, atol=1e-5)


def test_a_built_in_architecture_gives_open_clips_own_features() -> None:
    model = OpenClipModel("ViT-S-32-alt", device="cpu", random_weights=True)
    texts = ["a cat", "a photo of a small red house, by the sea!"]
    with torch.inference_mode():
        expected = model._model.encode_text(model._tokenizer(texts), normalize=True).numpy()
    np.testing.assert_allclose(model.encode_texts(texts), expected, atol=1e-5)
    assert (model.width, model.context_length, model.cut_is_exact) == (256, 77, True)


def test_half_precision_returns_unit_float32_rows_near_the_full_ones(tiny: OpenClipModel) -> None:
    half = OpenClipModel(tiny.name, device="cpu", precision="bf16")
    for features, full in (
        (half.encode_texts(TEXTS), tiny.encode_texts(TEXTS)),
        (half.encode_images(pictures()), tiny.encode_images(pictures())),
    ):
        assert features.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(features, full, atol=0.1)


def test_empty_lists_give_empty_results(tiny: OpenClipModel) -> None:
    assert tiny.encode_texts([]).shape == (0, tiny.width)
    assert tiny.encode_images([]).shape == (0, tiny.width)
    assert tiny.token_keys([]) == []
    assert tiny.token_counts([]) == []


def test_the_logit_scale_is_the_exponential_of_the_parameter(tiny: OpenClipModel) -> None:
    assert tiny.logit_scale == pytest.approx(1 / 0.07, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 2), ("cat", 3), ("a cat.", 5), ("cat " * 75, 77), ("cat " * 76, 78), ("cat " * 500, 502), ("!!!", 3)],
)
def test_tokens_are_counted_before_any_truncation(tiny: OpenClipModel, text: str, count: int) -> None:
    assert tiny.token_counts([text]) == [count]
    assert tiny.token_counts(["a dog", text, "word " * 40]) == [4, count, 42]


@pytest.mark.parametrize("text", ["İ" * 60, "𝔘" * 60, "ﷺ" * 40, "\x00", "é&amp;é", "日本語のテキスト", "\ud800"])
def test_tokens_of_odd_texts_are_counted_as_the_tokenizer_splits_them(tiny: OpenClipModel, text: str) -> None:
    encoded = tiny._tokenizer.encode(tiny._tokenizer.clean_fn(text))
    assert tiny.token_counts([text]) == [len(encoded) + 2]


def test_equal_token_keys_mean_equal_tokens(tiny: OpenClipModel) -> None:
    upper, lower, other = tiny.token_keys(["A  Cat", "a cat", "a dog"])
    assert upper == lower != other


def test_the_fingerprint_is_that_of_the_weights_and_the_precision(tiny: OpenClipModel, tmp_path: Path) -> None:
    assert OpenClipModel(tiny.name, device="cpu").fingerprint == tiny.fingerprint
    moved = shutil.copytree(tiny.name.removeprefix("local-dir:"), tmp_path / "moved")
    assert OpenClipModel(f"local-dir:{moved}", device="cpu").fingerprint == tiny.fingerprint
    change_one_weight(moved)
    others = [
        OpenClipModel(f"local-dir:{moved}", device="cpu"),
        OpenClipModel(tiny.name, device="cpu", precision="bf16"),
    ]
    assert len({model.fingerprint for model in [tiny, *others]}) == 3


@pytest.mark.parametrize(
    "text", [{"pool_type": "last"}, {"no_causal_mask": True}, {"heads": 4}, {"pool_type": "eos", "eos_id": 49407}]
)
def test_the_fingerprint_tells_apart_models_of_one_weight_file(
    variants: dict[str, str], tmp_path: Path, text: dict[str, object]
) -> None:
    custom = Path(variants["custom"].removeprefix("local-dir:"))
    other = shutil.copytree(custom, tmp_path / "other")
    config = json.loads((custom / CONFIG).read_text())
    config["model_cfg"]["text_cfg"] |= text
    (other / CONFIG).write_text(json.dumps(config))
    loaded = [OpenClipModel(f"local-dir:{folder}", device="cpu") for folder in (custom, other)]
    assert loaded[0].fingerprint != loaded[1].fingerprint


def change_one_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / WEIGHTS)
    weights["text_projection"][0, 0] += 1e-3
    save_file(weights, folder / WEIGHTS)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ViT-B32", "did you mean ViT-B-32"),
        ("no such thing at all", "local-dir:FOLDER"),
        ("", "no architecture ''"),
        ("ViT-B-32", "random weights; add one of its tags, e.g. ViT-B-32/"),
        ("ViT-B-32/", "random weights"),
        ("ViT-B-32/laion2b", "there are: laion2b_"),
        ("local-dir:/no/such/folder", "can't be loaded.*not found: /no/such/folder"),
        ("local-dir:", "can't be loaded"),
        ("nonsense:thing", "can't be loaded"),
    ],
)
def test_a_model_that_is_not_there_is_refused_with_a_hint(name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        OpenClipModel(name, device="cpu")


def cut_in_half(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def use_a_pickle(content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        (folder / "open_clip_pytorch_model.bin").write_bytes(content)

    return change


def reconfigure(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / CONFIG).read_text())
        config["model_cfg"] |= changes
        (folder / CONFIG).write_text(json.dumps(config))

    return change


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(cut_in_half, id="weights cut in half"),
        pytest.param(lambda folder: (folder / WEIGHTS).write_bytes(b""), id="weights empty"),
        pytest.param(lambda folder: (folder / WEIGHTS).unlink(), id="no weights: would be random"),
        pytest.param(use_a_pickle(b""), id="empty pickle"),
        pytest.param(use_a_pickle(b"garbage" * 100), id="pickle of garbage"),
        pytest.param(lambda folder: (folder / CONFIG).unlink(), id="no config"),
        pytest.param(lambda folder: (folder / CONFIG).write_text("{"), id="config cut off"),
        pytest.param(lambda folder: (folder / CONFIG).write_text("[]"), id="config a list"),
        pytest.param(lambda folder: (folder / CONFIG).write_text('{"model_cfg": "x"}'), id="config without a model"),
        pytest.param(reconfigure(embed_dim=64), id="config of another shape"),
        pytest.param(reconfigure(text_cfg={"nope": 1}), id="config with an unknown part"),
        pytest.param(reconfigure(text_cfg=3), id="config with a number for a part"),
    ],
)
def test_a_broken_folder_is_a_model_error_that_names_it(
    tiny_name: str, tmp_path: Path, break_it: Callable[[Path], None]
) -> None:
    folder = shutil.copytree(tiny_name.removeprefix("local-dir:"), tmp_path / "broken")
    break_it(folder)
    with pytest.raises(ModelError, match="can't be loaded: ") as refused:
        OpenClipModel(f"local-dir:{folder}", device="cpu")
    assert str(folder) in str(refused.value)


@pytest.mark.parametrize(
    ("device", "message"), [("cuda:99", "no device 'cuda:99'"), ("gpu", "unknown device 'gpu'; choose cpu, cuda")]
)
def test_a_device_that_is_not_there_is_refused(tiny_name: str, device: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        OpenClipModel(tiny_name, device=device)


def test_an_unknown_precision_is_refused(tiny_name: str) -> None:
    with pytest.raises(ModelError, match="choose one of fp32, bf16, fp16"):
        OpenClipModel(tiny_name, device="cpu", precision="int8")  # type: ignore[arg-type]
