"""Products of a network on a processor through oneDNN instead of MKL.

torch gives float32 products on a processor to MKL, which uses AVX-512 on Intel's processors only; oneDNN, which torch
carries along, uses it on all. The operator is one that torch's compiler calls and has no public name, so it is tried
before it is used. It has no gradients.
"""

import copy
from functools import cache
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from evaluators.precision import Precision

__all__ = ["through_onednn", "why_not"]

INSTEAD: Final = "choose products torch, which are for all"
TRIED: Final = (7, 8, 50, 140, 200)
"""Rows of products in which oneDNN with AVX2 gave equal rows different bits, with one thread or two."""


def why_not(device: str, precision: Precision) -> str:
    """Why a model can't have oneDNN's products, in one sentence with what to do; empty if it can.

    It can on the processor, in `fp32`, if that has AVX-512 and torch the operator: with AVX2 the last bits of a row
    depend on its place among the others.
    """
    if torch.device(device).type != "cpu":
        return f"products onednn are for the processor, and the device is {device!r}; {INSTEAD}"
    if precision != "fp32":
        return f"products onednn are for precision fp32, not {precision}; {INSTEAD}"
    if not torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        return f"products onednn need a processor with AVX-512; {INSTEAD}"
    if not _works():
        return f"products onednn don't work with torch {torch.__version__} on this processor; {INSTEAD}"
    return ""


def through_onednn(network: nn.Module) -> nn.Module:
    """A copy of a network in float32, in evaluation mode, whose linear layers go through oneDNN.

    Self-attention of `torch.nn.MultiheadAttention` does as well; other attention, convolutions and products that a
    module makes of bare parameters stay as they are. The copy has the same weights under the same names, and no
    gradients.
    """
    shared = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    copied = copy.deepcopy(network, shared)
    for module in copied.modules():
        for plain, own in ((nn.Linear, Linear), (nn.MultiheadAttention, SelfAttention)):
            if isinstance(module, plain) and type(module).forward is plain.forward:
                module.__class__ = own
    return copied


class Linear(nn.Linear):
    """A linear layer through oneDNN."""

    def forward(self, input: Tensor) -> Tensor:
        return _linear(input, self.weight, self.bias)


class SelfAttention(nn.MultiheadAttention):
    """Attention through oneDNN where it is of a sequence to itself and its weights aren't asked for."""

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        plain = query is key is value and query.dim() == 3 and self.batch_first and self.in_proj_weight is not None
        added = self.bias_k is not None or self.add_zero_attn
        masked = key_padding_mask is not None or (attn_mask is not None and not attn_mask.is_floating_point())
        if not plain or added or masked or need_weights:
            return super().forward(
                query, key, value, key_padding_mask, need_weights, attn_mask, average_attn_weights, is_causal
            )
        size, length, width = query.shape
        joined = _linear(query, self.in_proj_weight, self.in_proj_bias)
        q, k, v = joined.view(size, length, 3, self.num_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        if attn_mask is not None and attn_mask.dim() == 3:
            attn_mask = attn_mask.view(size, self.num_heads, length, length)
        heads = functional.scaled_dot_product_attention(q, k, v, attn_mask)
        merged = heads.transpose(1, 2).reshape(size, length, width)
        return _linear(merged, self.out_proj.weight, self.out_proj.bias), None


def _linear(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
    return product


@cache
def _works() -> bool:
    """Whether the operator is there, does what it is taken for, and gives a row the same bits at every place."""
    generator = torch.Generator().manual_seed(0)
    weight, bias, row = (torch.randn(size, generator=generator) for size in ((64, 64), (64,), (1, 64)))
    try:
        made = [_linear(row.repeat(rows, 1), weight, bias) for rows in TRIED]
    except (AttributeError, RuntimeError, TypeError):
        return False
    expected = functional.linear(row, weight, bias)
    return all(
        torch.equal(rows, rows[:1].expand_as(rows)) and torch.allclose(rows, expected, atol=1e-4) for rows in made
    )
