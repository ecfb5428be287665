"""oneDNN's products change rounding and nothing else, and are refused where they can't be had.

Where this machine can't have them, every test that needs them finds the refusal instead.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from evaluators import OpenClipModel
from evaluators.errors import ModelError
from evaluators.models import onednn
from evaluators.models.onednn import through_onednn, why_not
from tests.fakes.tiny_variants import save_variant

TEXTS = ["a cat", "", "a photo of a small red house, by the sea!", "cat " * 74, "word " * 90, "naïve 🐈 {}"]
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "custom": ({}, {"custom_text": True}),
    "bidirectional": ({"no_causal_mask": True}, {"custom_text": True}),
    "a mask for every head": ({"embed_cls": True}, {"custom_text": True}),
    "quick gelu": ({}, {"quick_gelu": True}),
    "an odd number of heads": ({"heads": 1}, {}),
}


def with_onednn(name: str, **more: Any) -> OpenClipModel | None:
    """The model with such products; `None` where it was rightly refused."""
    if reason := why_not("cpu", "fp32"):
        with pytest.raises(ModelError, match=r"products onednn .*; choose products torch") as refused:
            OpenClipModel(name, device="cpu", products="onednn", **more)
        assert str(refused.value) == reason
        return None
    return OpenClipModel(name, device="cpu", products="onednn", **more)


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def pixels(count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return list(torch.randn((count, 3, 32, 32), generator=generator))


@pytest.mark.parametrize("kind", VARIANTS)
def test_features_are_those_of_torchs_products_but_for_rounding(tmp_path: Path, kind: str) -> None:
    text, top_level = VARIANTS[kind]
    name = save_variant(tmp_path / "model", text, **top_level)
    model, other = OpenClipModel(name, device="cpu"), with_onednn(name)
    if other is None:
        return
    assert other.cut_is_exact == model.cut_is_exact
    np.testing.assert_allclose(other.encode_texts(TEXTS), model.encode_texts(TEXTS), rtol=0, atol=1e-6)
    np.testing.assert_allclose(other.encode_pixels(pixels(3)), model.encode_pixels(pixels(3)), rtol=0, atol=1e-6)


def test_every_linear_layer_and_no_other_operation_goes_through_onednn(tiny_name: str) -> None:
    model, other = OpenClipModel(tiny_name, device="cpu"), with_onednn(tiny_name)
    if other is None:
        return
    plain, made = (operations_of(each) for each in (model, other))
    assert plain["aten::linear"] > 0
    assert made["mkldnn::_linear_pointwise"] == plain["aten::linear"]
    assert made["aten::linear"] == 0
    for kept in ("aten::gelu", "aten::layer_norm", "aten::embedding", "aten::scaled_dot_product_attention"):
        assert made[kept] == plain[kept] > 0, kept


def operations_of(model: OpenClipModel) -> Counter[str]:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], acc_events=True) as profile:
        model.encode_texts(["a cat"])
    return Counter(event.name for event in profile.events())


@pytest.mark.parametrize("words", [1, 8, 16, 20, 40, 75])
def test_a_text_has_the_same_bits_alone_and_at_every_place_in_a_batch(tiny_name: str, threads: int, words: int) -> None:
    model = with_onednn(tiny_name)
    if model is None:
        return
    texts = ["cat " * (words - 1) + end for end in "abcdefghijklmnopqrstuvwxyz"]
    together = model.encode_texts(texts)
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_array_equal(model.encode_texts([text])[0], row)


@pytest.mark.parametrize("width", [384, 512])
def test_at_real_widths_equal_texts_have_equal_bits_at_every_place(threads: int, width: int) -> None:
    """All lengths, and the sizes that batches of them have."""
    from evaluators.models.text_tower import LENGTH_STEP, text_batches, tokens_per_batch

    if why_not("cpu", "fp32"):
        assert with_onednn("ViT-B-32", random_weights=True) is None
        return
    block = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)).eval()
    attention = nn.MultiheadAttention(width, width // 64, batch_first=True).eval()
    made, attending = through_onednn(block), through_onednn(attention)
    for length in [*range(LENGTH_STEP, 77, LENGTH_STEP), 77]:
        (batch,) = text_batches(torch.zeros((1, length), dtype=torch.long), length, tokens_per_batch("cpu"))
        text = torch.randn((1, length, width), generator=torch.Generator().manual_seed(length))
        same = text.repeat(batch.size, 1, 1)
        mask = torch.full((length, length), float("-inf")).triu(1)
        with torch.inference_mode():
            attended, _ = attending(same, same, same, need_weights=False, attn_mask=mask)
            for rows in (attended, made(same)):
                assert torch.equal(rows, rows[:1].expand_as(rows)), (length, batch.size)


def test_an_image_has_the_same_bits_whatever_is_encoded_beside_it(tiny_name: str, threads: int) -> None:
    model = with_onednn(tiny_name)
    if model is None:
        return
    many = pixels(3) * 7
    together = model.encode_pixels(many)
    for i in range(3):
        np.testing.assert_array_equal(model.encode_pixels([many[i]])[0], together[i])
        np.testing.assert_array_equal(together[i], together[i + 18])


def test_the_copy_shares_its_weights_and_leaves_the_network_as_it_was(tiny_name: str) -> None:
    network = OpenClipModel(tiny_name, device="cpu").network
    kinds = [type(module) for module in network.modules()]
    made = through_onednn(network)
    assert [type(module) for module in network.modules()] == kinds
    assert [type(module) for module in made.modules()] != kinds
    assert all(a is b for a, b in zip(network.parameters(), made.parameters(), strict=True))
    assert all(a is b for a, b in zip(network.buffers(), made.buffers(), strict=True))


def test_the_models_network_is_open_clips_own_and_has_gradients(tiny_name: str) -> None:
    model = with_onednn(tiny_name)
    if model is None:
        return
    tokens = torch.from_numpy(np.frombuffer(model.token_keys(["a cat"])[0], dtype="<i4").copy())[None].long()
    model.network.encode_text(tokens).sum().backward()  # type: ignore[operator]
    assert all(p.grad is not None for p in model.network.transformer.parameters())  # type: ignore[union-attr]


def test_attention_that_it_does_not_know_is_left_to_torch() -> None:
    attention = nn.MultiheadAttention(32, 2, batch_first=True).eval()
    made = through_onednn(attention)
    rows, others = torch.randn(2, 5, 32), torch.randn(2, 7, 32)
    with torch.inference_mode():
        for query, key, more in (
            (rows, others, {"need_weights": False}),
            (rows, rows, {"need_weights": True}),
            (rows, rows, {"need_weights": False, "key_padding_mask": torch.tensor([[False] * 4 + [True]] * 2)}),
            (rows, rows, {"need_weights": False, "attn_mask": torch.ones(5, 5, dtype=torch.bool).triu(1)}),
        ):
            torch.testing.assert_close(made(query, key, key, **more)[0], attention(query, key, key, **more)[0])


def test_features_of_other_products_have_another_fingerprint_and_the_same_weights(tiny: OpenClipModel) -> None:
    assert tiny.weights_fingerprint == tiny.fingerprint
    other = with_onednn(tiny.name)
    if other is None:
        return
    assert other.weights_fingerprint == tiny.fingerprint
    assert other.fingerprint != tiny.fingerprint
    assert len(other.fingerprint) == len(tiny.fingerprint)
    assert other.fingerprint[:16] != tiny.fingerprint[:16]  # what names the folder of text features


def test_unknown_products_are_refused(tiny_name: str) -> None:
    with pytest.raises(ModelError, match="unknown products 'mkl'; choose one of torch, onednn"):
        OpenClipModel(tiny_name, products="mkl")  # type: ignore[arg-type]


def test_another_precision_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(ModelError, match="are for precision fp32, not bf16; choose products torch"):
        OpenClipModel("local-dir:nowhere", device="cpu", precision="bf16", products="onednn")


def test_another_device_is_refused() -> None:
    assert why_not("cuda:1", "fp32").startswith("products onednn are for the processor, and the device is 'cuda:1'; ")


@pytest.mark.parametrize("capability", ["DEFAULT", "AVX2", "NO AVX", "SVE256"])
def test_a_processor_without_avx_512_is_refused(monkeypatch: pytest.MonkeyPatch, capability: str) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    with pytest.raises(ModelError, match="need a processor with AVX-512; choose products torch"):
        OpenClipModel("local-dir:nowhere", device="cpu", products="onednn")


def gone(*_: object) -> torch.Tensor:
    raise AttributeError("'_OpNamespace' 'mkldnn' object has no attribute '_linear_pointwise'")


def with_other_arguments(*_: object) -> torch.Tensor:
    raise RuntimeError("mkldnn::_linear_pointwise() is missing value for argument 'attr'")


def of_something_else(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return rows @ weight + bias


def with_other_bits_in_the_last_row(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    made = rows @ weight.T + bias
    made[7:] = torch.nextafter(made[7:], torch.tensor(torch.inf))
    return made


@pytest.mark.parametrize("operator", [gone, with_other_arguments, of_something_else, with_other_bits_in_the_last_row])
def test_an_operator_that_is_not_what_it_is_taken_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, operator: Any
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(onednn, "_linear", operator)
    onednn._works.cache_clear()
    try:
        assert why_not("cpu", "fp32").startswith(f"products onednn don't work with torch {torch.__version__} ")
    finally:
        onednn._works.cache_clear()
