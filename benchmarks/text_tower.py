"""What the text tower reaches of the rate that its own matrix products have alone, and where the rest goes.

ViT-B-32 with random weights and 240 texts from templates, with torch's products and with oneDNN's. Useful are the
operations for the real tokens of the texts, start and end counted: those of the linear layers, of attention to the
tokens before, and of the last projection; two for a multiplication with its sum. What a text's length is rounded up to,
and what a batch is filled up with, is not useful. `text_tower_peers` has the same weights in other programs.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.measure import Comparison, Figure, alternate, seconds_in_turn
from benchmarks.text_tower_peers import peers
from evaluators import OpenClipModel, general_templates
from evaluators.models.image_text_model import FloatArray
from evaluators.models.text_tower import text_batches, tokens_per_batch

if TYPE_CHECKING:
    import torch

__all__ = ["TowerShape", "measure", "useful_operations"]

ARCHITECTURE = "ViT-B-32"
NAMES = ("aircraft carrier", "church", "golden retriever")
LARGE = 2048
"""Tokens of products that are as fast as any."""
REPEATED = 100
"""How often the products of one batch are timed at once."""


def measure(device: str) -> list[Comparison | Figure]:
    """Rates and shares with both products, then the peers."""
    import torch

    from evaluators.models.onednn import why_not

    if reason := why_not(device, "fp32"):
        sys.exit(reason.partition(";")[0])
    texts = [template.replace("{}", name) for name in NAMES for template in general_templates()]
    models = {
        "torch": OpenClipModel(ARCHITECTURE, random_weights=True, device=device),
        "onednn": OpenClipModel(ARCHITECTURE, random_weights=True, device=device, products="onednn"),
    }
    with torch.inference_mode():
        parts = {name: Parts(model, texts) for name, model in models.items()}
        runs = {f"{name} {part}": run for name, own in parts.items() for part, run in own.runs().items()}
        least = seconds_in_turn(runs)
    seconds = {
        name: {part.split(maxsplit=1)[1]: each for part, each in least.items() if part.startswith(name)}
        for name in models
    }
    rows: list[Comparison | Figure] = [_fill_up(parts["torch"])]
    for name, own in parts.items():
        rows += _reached(name, own, seconds[name])
    return [*rows, *_shares(seconds), *_gains(models, texts), *peers(models, texts)]


def _gains(models: Mapping[str, OpenClipModel], texts: list[str]) -> list[Comparison]:
    """What `--products onednn` brings for texts and for images."""
    import torch

    pixels = list(torch.randn(2 * models["torch"].image_batch, 3, 224, 224))
    jobs: dict[str, tuple[str, int, Callable[[OpenClipModel], FloatArray]]] = {
        "text encoding": ("texts", len(texts), lambda model: model.encode_texts(texts)),
        "image encoding": ("images", len(pixels), lambda model: model.encode_pixels(pixels)),
    }
    rows = []
    for job, (unit, count, encode) in jobs.items():
        plain, other = alternate(lambda: encode(models["torch"]), lambda: encode(models["onednn"]))  # noqa: B023
        rows.append(
            Comparison(
                f"{job}: --products onednn",
                f"{ARCHITECTURE}, {count} {unit}, fp32",
                "torch's products",
                f"{unit}/s",
                count / plain,
                count / other,
                float(np.abs(encode(models["torch"]) - encode(models["onednn"])).max()),
                note="chosen by the user; for processors with AVX-512",
            )
        )
    return rows


@dataclass(frozen=True)
class TowerShape:
    """What decides how much a text tower computes.

    Args:
        layers: how many blocks of attention and two linear layers.
        width: of a token.
        features: of a text.
    """

    layers: int
    width: int
    features: int

    def linear_operations(self, tokens: int) -> int:
        """Of the four linear layers of all blocks: 3, 1, 4 and 4 times the width squared, and two each."""
        return 24 * self.layers * self.width**2 * tokens


def useful_operations(shape: TowerShape, lengths: list[int]) -> int:
    """Of texts of these real lengths, each token attending to those before it and to itself."""
    attended = sum(length * (length + 1) // 2 for length in lengths)
    projected = 2 * shape.width * shape.features * len(lengths)
    return shape.linear_operations(sum(lengths)) + 4 * shape.layers * shape.width * attended + projected


class Parts:
    """A model's work on some texts, whole and in parts that are run alone, on as many tokens in as many batches.

    Args:
        model: with a plain CLIP text tower.
        texts: what it encodes.
    """

    def __init__(self, model: OpenClipModel, texts: list[str]) -> None:
        import torch

        tower = model._text_tower
        network = tower._network
        self._model, self._texts = model, texts
        self._blocks = list(network.transformer.resblocks)  # type: ignore[union-attr, arg-type]
        width = int(network.transformer.width)  # type: ignore[union-attr, arg-type]
        self.shape = TowerShape(len(self._blocks), width, model.width)
        tokens = torch.unique(model._tokenizer(texts), dim=0)
        limit = tokens_per_batch(model.device)
        self._shapes = [(each.size, each.length) for each in text_batches(tokens, None, limit, tower._end)]
        self.real = model.token_counts(texts)
        self.encoded = sum(size * length for size, length in self._shapes)
        self._linear = _linear_layers(self._blocks[0], onednn=model.products == "onednn")
        self._rows = {
            rows: {each: torch.randn(rows, each) for each in (width, 4 * width)}
            for rows in {LARGE, limit, *(size * length for size, length in self._shapes)}
        }
        self.limit = limit

    def runs(self) -> dict[str, Callable[[], object]]:
        """What is to be timed, by name."""
        return {
            "all": lambda: self._model.encode_texts(self._texts),
            "tokenising": lambda: self._model._tokenizer(self._texts),
            "linear layers": self._all_linear,
            "attention": self._all_attention,
            "linear layers of attention": lambda: self._all_linear(of_attention=True),
            "one batch": lambda: self._products(self.limit, times=REPEATED),
            "a large one": lambda: self._products(LARGE),
        }

    def rates(self, seconds: dict[str, float]) -> tuple[float, float, float]:
        """Operations per second: useful ones, and of products alone, as in one batch and large."""
        one = self.shape.linear_operations(1) / self.shape.layers
        useful = useful_operations(self.shape, self.real)
        return (
            useful / seconds["all"],
            REPEATED * self.limit * one / seconds["one batch"],
            LARGE * one / seconds["a large one"],
        )

    def _products(self, rows: int, of_attention: bool = False, times: int = 1) -> None:
        """The four linear layers of a block, or the first two, on so many tokens."""
        for _ in range(times):
            for layer in self._linear[: 2 if of_attention else 4]:
                layer(self._rows[rows][layer.in_features])

    def _all_linear(self, of_attention: bool = False) -> None:
        for size, length in self._shapes:
            for _ in self._blocks:
                self._products(size * length, of_attention)

    def _all_attention(self) -> None:
        import torch

        width = self.shape.width
        for size, length in self._shapes:
            rows = self._rows[size * length][width].view(size, length, width)
            mask = torch.full((length, length), float("-inf")).triu(1)
            for block in self._blocks:
                block.attn(rows, rows, rows, need_weights=False, attn_mask=mask)


def _linear_layers(block: "torch.nn.Module", onednn: bool) -> "list[torch.nn.Linear]":
    """Those of a block, those of its attention first; with weights of their own."""
    from torch import nn

    from evaluators.models.onednn import through_onednn

    width = int(block.attn.embed_dim)  # type: ignore[union-attr, arg-type]
    sizes = ((width, 3 * width), (width, width), (width, 4 * width), (4 * width, width))
    layers = nn.ModuleList(nn.Linear(*size) for size in sizes).eval()
    return list(through_onednn(layers) if onednn else layers)  # type: ignore[call-overload, no-any-return]


def _fill_up(parts: Parts) -> Figure:
    return Figure(
        "text tower: tokens encoded for a real one",
        f"{ARCHITECTURE}, {len(parts.real)} texts of {np.mean(parts.real):.1f} tokens in the mean; lengths are rounded "
        "up to multiples of 4, batches filled up",
        parts.encoded / sum(parts.real),
        "tokens",
    )


def _reached(name: str, parts: Parts, seconds: dict[str, float]) -> list[Comparison]:
    useful, one, large = (each / 1e9 for each in parts.rates(seconds))
    claim = f"{ARCHITECTURE}, {len(parts.real)} texts from templates, fp32, useful operations"
    all_encoded = parts.encoded / sum(parts.real)
    return [
        Comparison(
            f"text tower, products {name}: {rows} tokens",
            claim,
            f"its linear layers alone on {rows} tokens",
            "GFLOP/s",
            rate,
            useful,
            goal=goal,
            note=f"with the tokens that texts and batches are filled up with, about {useful * all_encoded / rate:.2f}",
        )
        for rows, rate, goal in ((parts.limit, one, 0.8), (LARGE, large, None))
    ]


def _shares(seconds: dict[str, dict[str, float]]) -> list[Figure]:
    """Where the time of each goes, every part timed alone."""
    rows = []
    for name, own in seconds.items():
        attention = own["attention"] - own["linear layers of attention"]
        parts = {
            "tokenising": own["tokenising"],
            "linear layers": own["linear layers"],
            "attention but its linear layers": attention,
        }
        parts["norms, GELU, sums and calls"] = own["all"] - sum(parts.values())
        rows += [
            Figure(f"text tower, products {name}: {part}", "share of its time", 100 * each / own["all"], "%")
            for part, each in parts.items()
        ]
    return rows
