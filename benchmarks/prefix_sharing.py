"""An experiment: texts that begin alike share the work of their beginning. Not in the product; the figure says why.

The text tower is causal, so what it computes for a token depends on the tokens before it alone. Texts are walked in
blocks of tokens; every distinct beginning goes through the tower once, and its keys and values are kept for all that
continue it. The sizes of blocks and batches are fixed, so a text's features depend on it alone.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measure import Comparison, alternate
from evaluators import OpenClipModel, general_templates
from evaluators.models.image_text_model import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["measure"]

CLASSES = ("tabby cat", "golden retriever", "aircraft carrier", "red admiral butterfly", "church", "electric guitar")
NAMES = [f"{thing} {letter}" for letter in "ABCDEFGHIJKL" for thing in (*CLASSES, "cat", "ship", "bridge", "oak")]
BLOCK = 2
BATCH = 32


def measure(device: str) -> list[Comparison]:
    """Many templates on a few classes, and one template on many and on few, as a search for templates asks."""
    model = OpenClipModel("ViT-B-32", random_weights=True, device=device)
    jobs = {
        "80 templates x 6 classes": [t.replace("{}", name) for name in CLASSES for t in general_templates()],
        "1 template x 120 classes": [f"a blurry photo of the small {each}." for each in NAMES],
        "1 template x 10 classes": [f"a blurry photo of the small {each}." for each in NAMES[:10]],
    }
    return [_compare(model, name, texts) for name, texts in jobs.items()]


def _compare(model: OpenClipModel, name: str, texts: list[str]) -> Comparison:
    plain, shared = alternate(lambda: model.encode_texts(texts), lambda: encode_sharing(model, texts), repeats=2)
    return Comparison(
        f"prefix sharing: {name}",
        f"ViT-B-32, fp32, blocks of {BLOCK} tokens; an experiment, not in the product",
        "every text whole, as in the product",
        "texts/s",
        len(texts) / plain,
        len(texts) / shared,
        float(np.abs(model.encode_texts(texts) - encode_sharing(model, texts)).max()),
    )


def encode_sharing(model: OpenClipModel, texts: list[str]) -> FloatArray:
    """Unit-length features [len(texts), D] float32 of texts for a plain CLIP tower that pools at the highest id."""
    import torch

    network = model._model
    tokens = model._tokenizer(texts)
    ends = tokens.argmax(dim=1).tolist()
    states: dict[bytes, Any] = {b"": None}
    pooled = torch.empty(len(texts), network.transformer.width, device=model.device)
    with torch.inference_mode():
        for start in range(0, max(ends) + 1, BLOCK):
            here = [row for row, end in enumerate(ends) if end >= start]
            new = {_beginning(tokens[row], start + BLOCK): row for row in here}
            states = dict(_advance(network, tokens, new, start, states))
            for row in here:
                if ends[row] < start + BLOCK:
                    pooled[row] = states[_beginning(tokens[row], start + BLOCK)][0][ends[row] - start]
        features = network.ln_final(pooled) @ network.text_projection
        rows: FloatArray = torch.nn.functional.normalize(features, dim=-1).cpu().numpy()
    return rows


def _beginning(row: "torch.Tensor", length: int) -> bytes:
    beginning: bytes = row[:length].numpy().tobytes()
    return beginning


def _advance(network: Any, tokens: "torch.Tensor", new: dict[bytes, int], start: int, states: dict[bytes, Any]) -> Any:  # noqa: ANN401
    """Put one block of every distinct beginning through the tower; yield each one's states."""
    keys = list(new)
    for first in range(0, len(keys), BATCH):
        part = keys[first : first + BATCH]
        rows = [new[key] for key in part]
        rows += rows[-1:] * (BATCH - len(rows))
        past = [states[_beginning(tokens[row], start)] for row in rows] if start else []
        hidden, kept = _blocks(network, tokens[rows, start : start + BLOCK].to(network.attn_mask.device), start, past)
        for i, key in enumerate(part):
            yield key, (hidden[i], kept[:, :, i])


def _blocks(network: Any, ids: "torch.Tensor", start: int, past: list[Any]) -> "tuple[torch.Tensor, torch.Tensor]":  # noqa: ANN401
    """Hidden states [B, S, W] of tokens [B, S] that follow `start` others, and all keys and values so far."""
    import torch
    from torch.nn import functional

    size = ids.shape[1]
    x = network.token_embedding(ids) + network.positional_embedding[start : start + size]
    before = torch.stack([state[1] for state in past], dim=2) if past else None  # [layers, 2, B, heads, start, d]
    mask = network.attn_mask[start : start + size, : start + size]
    kept = []
    for layer, block in enumerate(network.transformer.resblocks):
        attention = block.attn
        projected = functional.linear(block.ln_1(x), attention.in_proj_weight, attention.in_proj_bias)
        split = projected.reshape(*ids.shape, 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4)
        both = split[1:] if before is None else torch.cat([before[layer], split[1:]], dim=3)
        seen = functional.scaled_dot_product_attention(split[0], both[0], both[1], attn_mask=mask)
        x = x + attention.out_proj(seen.transpose(1, 2).flatten(2))
        x = x + block.mlp(block.ln_2(x))
        kept.append(both)
    return x, torch.stack(kept)
