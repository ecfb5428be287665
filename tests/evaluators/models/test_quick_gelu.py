"""QuickGELU gives a number the same bits at every place, with any number of threads, and is else open_clip's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from open_clip.transformer import QuickGELU
from torch import nn

from evaluators import OpenClipModel
from evaluators.models.quick_gelu import VECTORS, even_size, with_even_quick_gelu
from evaluators.models.text_tower import text_batches, tokens_per_batch
from tests.fakes.same_bits import check_alone_as_together, torch_threads
from tests.fakes.tiny_variants import save_variant

WIDTH = 512


@pytest.fixture(params=[1, 2, 3, 5, 7, 12])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def batches() -> Iterator[torch.Tensor]:
    """What comes to the layer of a tower of this width, of equal texts: every length, in the sizes of batches."""
    for length in [*range(4, 77, 4), 77]:
        (batch,) = text_batches(torch.zeros((1, length), dtype=torch.long), length, tokens_per_batch("cpu"))
        text = torch.randn((1, length, 4 * WIDTH), generator=torch.Generator().manual_seed(length))
        yield text.repeat(batch.size, 1, 1)


def test_equal_texts_have_equal_bits_at_every_place(threads: int) -> None:
    layer = with_even_quick_gelu(nn.Sequential(QuickGELU()))
    for rows in batches():
        with torch.inference_mode():
            made = layer(rows)
        assert torch.equal(made, made[:1].expand_as(made)), rows.shape
        own = QuickGELU()(rows)
        torch.testing.assert_close(made, own)
        if torch.equal(own, own[:1].expand_as(own)):
            assert torch.equal(made, own), "other bits than before"


def test_a_text_has_the_same_bits_alone_and_at_every_place_with_three_threads(tmp_path: Path) -> None:
    """Of 20 and 28 tokens: in their batches the parts of three threads end within texts."""
    name = save_variant(tmp_path / "model", {"width": WIDTH, "heads": 8, "layers": 2}, quick_gelu=True)
    with torch_threads(3):
        model = OpenClipModel(name, device="cpu")  # batches are as large as the threads ask for
        assert any(type(module) is QuickGELU for module in model.network.modules())
        for words in (18, 26):
            check_alone_as_together(model, ["cat " * (words - 1) + end for end in "abcdefgh"])


def test_a_network_without_it_is_used_as_it_is(tiny: OpenClipModel) -> None:
    assert with_even_quick_gelu(tiny.network) is tiny.network


@pytest.mark.parametrize("shared", [1, 2, 3, 5, 6, 7, 12, 16, 48])
def test_the_size_divides_into_whole_vectors_for_every_thread_that_torch_uses(shared: int) -> None:
    for count in (1, 64, 32_767, 32_768, 32_769, 98_304, 98_305, 144 * 2048, 77 * 3072, 10**6 + 1):
        size = even_size(count, shared)
        used = min(shared, -(-size // 32_768))
        assert size % (used * VECTORS) == 0
        assert count <= size < count + 2 * shared * VECTORS
