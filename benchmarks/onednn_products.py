"""What oneDNN's products would gain over MKL's in the text tower: an experiment, not in the product.

torch gives float32 products on a CPU to MKL, which uses AVX-512 on Intel's processors only; oneDNN, which torch carries
along, uses it on all. Linear layers and attention of a copy of the network call `torch.ops.mkldnn._linear_pointwise`, a
name of torch's own for its compiler. Features differ by rounding, so stored ones would have to be made anew.
"""

import sys
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np

from benchmarks.measure import Comparison, alternate
from evaluators import OpenClipModel, general_templates
from evaluators.models.image_text_model import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["measure"]

ARCHITECTURE = "ViT-B-32"
NAMES = ("aircraft carrier", "church", "golden retriever")


def measure(device: str) -> list[Comparison]:
    """The same texts through the tower as it is and with oneDNN's products."""
    import torch

    if device != "cpu" or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        sys.exit("oneDNN's products need a processor, and a torch that was built with oneDNN")
    model, other = (OpenClipModel(ARCHITECTURE, random_weights=True, device=device) for _ in range(2))
    other._model.load_state_dict(model._model.state_dict())
    texts = [template.replace("{}", name) for name in NAMES for template in general_templates()]
    found: dict[str, FloatArray] = {}

    def plain() -> None:
        found["plain"] = model.encode_texts(texts)

    def through_onednn() -> None:
        with (
            patch("torch.nn.functional.linear", _linear),
            patch.object(torch.nn.MultiheadAttention, "forward", _attend),
        ):
            found["oneDNN"] = other.encode_texts(texts)

    theirs, own = alternate(plain, through_onednn, repeats=3)
    return [
        Comparison(
            name="text encoding: oneDNN's products",
            claim=f"{ARCHITECTURE}, {len(texts)} texts from templates, fp32; an experiment, not in the product",
            peer="MKL's products, as in the product",
            unit="texts/s",
            peer_rate=len(texts) / theirs,
            our_rate=len(texts) / own,
            difference=float(np.abs(found["plain"] - found["oneDNN"]).max()),
            note=torch.backends.cpu.get_cpu_capability(),
        )
    ]


def _linear(x: "torch.Tensor", weight: "torch.Tensor", bias: "torch.Tensor | None" = None) -> "torch.Tensor":
    import torch

    made: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return made


def _attend(
    layer: "torch.nn.MultiheadAttention",
    query: "torch.Tensor",
    *_: object,
    attn_mask: "torch.Tensor | None" = None,
    **__: object,
) -> "tuple[torch.Tensor, None]":
    """Self-attention of a tower: query, key and value are the same."""
    import torch

    size, length, width = query.shape
    joined = _linear(query, layer.in_proj_weight, layer.in_proj_bias)
    q, k, v = joined.view(size, length, 3, layer.num_heads, layer.head_dim).permute(2, 0, 3, 1, 4)
    heads = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask)
    merged = heads.transpose(1, 2).reshape(size, length, width)
    return _linear(merged, layer.out_proj.weight, layer.out_proj.bias), None
