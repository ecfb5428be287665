"""Operations are counted as torch counts them, and the peers encode what the product encodes."""

import importlib.util

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measure import Comparison, Figure
from benchmarks.text_tower import Parts, TowerShape, measure, useful_operations
from benchmarks.text_tower_peers import peers, text_network
from evaluators import OpenClipModel
from tests.fakes.tiny_clip import save_tiny_clip

TEXTS = ["a cat", "a photo of a small red house", "a photo of a small red wooden house by the sea", "a dog", "a bird"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> OpenClipModel:
    return OpenClipModel(save_tiny_clip(tmp_path_factory.mktemp("text-tower") / "model"), device="cpu")


def test_operations_of_linear_layers_are_those_that_torch_counts(tiny: OpenClipModel) -> None:
    tokens = tiny._tokenizer(["a cat"])
    with FlopCounterMode(display=False) as counter:
        tiny.network.encode_text(tokens)  # type: ignore[operator]
    by_operation = {str(name): count for name, count in counter.get_flop_counts()["Global"].items()}
    counted = by_operation["aten.addmm"] + by_operation.get("aten.mm", 0)
    shape = Parts(tiny, TEXTS).shape
    assert shape == TowerShape(layers=2, width=32, features=32)
    assert counted == shape.linear_operations(tokens.shape[1]) + 2 * 32 * 32


def test_useful_is_what_a_token_does_with_itself_and_those_before() -> None:
    shape = TowerShape(layers=1, width=2, features=3)
    assert useful_operations(shape, [1]) == 24 * 4 + 4 * 2 * 1 + 2 * 2 * 3
    assert useful_operations(shape, [3, 1]) == 4 * 24 * 4 + 4 * 2 * (1 + 2 + 3 + 1) + 2 * 2 * 2 * 3


def test_parts_know_how_many_tokens_are_real_and_how_many_are_encoded(tiny: OpenClipModel) -> None:
    parts = Parts(tiny, TEXTS)
    assert parts.real == tiny.token_counts(TEXTS) == [4, 9, 13, 4, 4]
    shapes = [(batch, length) for batch, length in parts._shapes]
    assert [length for _, length in shapes] == [4, 12, 16]
    assert parts.encoded == sum(batch * length for batch, length in shapes)
    for run in parts.runs().values():
        run()


@pytest.mark.parametrize("length", [12, 77])
def test_the_network_given_to_peers_is_the_models_own(tiny: OpenClipModel, length: int) -> None:
    tokens = tiny._tokenizer(TEXTS[:2])[:, :length]
    with torch.inference_mode():
        made = text_network(tiny, length)(tokens).numpy()
    np.testing.assert_allclose(made, tiny.encode_texts(TEXTS[:2]), atol=1e-6)
    assert tiny.network.positional_embedding.shape[0] == 77  # type: ignore[index]


def test_peers_encode_the_same_and_one_that_is_not_installed_says_how(
    tiny: OpenClipModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda network, **_: network)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxscript" else name)
    rows = peers({"torch": tiny, "onednn": tiny}, TEXTS)
    assert [type(row) for row in rows] == [Figure, Comparison, Comparison]
    assert "onnxscript not installed; pip install 'prompt-search[onnx]'" in rows[0].claim
    for row in rows[1:]:
        assert isinstance(row, Comparison)
        assert row.difference is not None
        assert row.difference < 1e-6
        assert row.note == "a text has the same bits at every place in a batch"
        assert row.claim.startswith("3 texts of up to 4 tokens")


def test_it_is_for_the_processor() -> None:
    with pytest.raises(SystemExit, match="products onednn are for the processor"):
        measure("cuda")
