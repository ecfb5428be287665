"""Texts per second: our text encoding against open_clip's and CLIP_benchmark's ways of building a classifier.

ViT-B-32 with random weights, the 80 general templates, a slice of classes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.measure import Comparison, alternate
from evaluators import OpenClipModel, PromptSet, class_weights, general_templates
from evaluators.models.image_text_model import FloatArray

__all__ = ["measure"]

CLASSES = ("aircraft carrier", "church", "electric guitar", "golden retriever", "red admiral butterfly", "tabby cat")
"""In the order of a `PromptSet`, which is that of their ids."""
ARCHITECTURE = "ViT-B-32"
NEW_TEXTS = 10


def measure(device: str) -> list[Comparison]:
    """A classifier from templates against two peers, a few new texts, and bfloat16."""
    import open_clip
    import torch

    model = OpenClipModel(ARCHITECTURE, random_weights=True, device=device)
    network, tokenizer = model._model, model._tokenizer
    templates = list(general_templates())
    prompts = PromptSet.of({name: name for name in CLASSES}, templates)

    def ours() -> FloatArray:
        return class_weights(prompts, model)

    def build_zero_shot_classifier() -> FloatArray:
        weights: torch.Tensor = open_clip.build_zero_shot_classifier(
            network, tokenizer, list(CLASSES), templates, device=device
        )
        return weights.cpu().numpy()

    def class_by_class() -> FloatArray:
        return _class_by_class(network, tokenizer, templates, device)

    found: dict[str, FloatArray] = {}
    peers = {
        "open_clip.build_zero_shot_classifier": build_zero_shot_classifier,
        "class by class, as CLIP_benchmark": class_by_class,
    }
    rows = []
    for peer, build in peers.items():
        theirs, own = alternate(_keeping(found, "peer", build), _keeping(found, "ours", ours), repeats=2, warm_up=False)
        rows.append(
            Comparison(
                name=f"text encoding: {peer.partition(',')[0]}",
                claim=f"{ARCHITECTURE}, 80 templates x {len(CLASSES)} classes, fp32",
                peer=peer,
                unit="texts/s",
                peer_rate=prompts.n_texts / theirs,
                our_rate=prompts.n_texts / own,
                difference=float(np.abs(found["peer"] - found["ours"]).max()),
                goal=4,
            )
        )
    return [*rows, _few_texts(model, device), _bfloat16(model, device)]


def _keeping(found: dict[str, FloatArray], name: str, build: Callable[[], FloatArray]) -> Callable[[], None]:
    """The same call, its result kept, so that comparing the results costs no further run."""

    def kept() -> None:
        found[name] = build()

    return kept


def _class_by_class(network: Any, tokenizer: Any, templates: Sequence[str], device: str) -> FloatArray:  # noqa: ANN401
    """What CLIP_benchmark's `zero_shot_classifier` does: one batch of all templates per class, mean of unit rows."""
    import torch
    from torch.nn import functional

    columns = []
    with torch.inference_mode():
        for name in CLASSES:
            tokens = tokenizer([template.replace("{}", name) for template in templates]).to(device)
            mean = functional.normalize(network.encode_text(tokens), dim=-1).mean(dim=0)
            columns.append(mean / mean.norm())
    weights: FloatArray = torch.stack(columns, dim=1).cpu().numpy()
    return weights


def _few_texts(model: OpenClipModel, device: str) -> Comparison:
    """What a search does most: a handful of new texts."""
    import torch

    texts = [
        f"a blurry photo of the {name} number {i}." for i in range(NEW_TEXTS) for name in CLASSES[i % 6 : i % 6 + 1]
    ]

    def whole() -> FloatArray:
        with torch.inference_mode():
            tokens = model._tokenizer(texts).to(device)
            features: FloatArray = model._model.encode_text(tokens, normalize=True).cpu().numpy()
        return features

    theirs, own = alternate(whole, lambda: model.encode_texts(texts))
    difference = float(np.abs(whole() - model.encode_texts(texts)).max())
    return Comparison(
        "text encoding: a few new texts",
        f"{ARCHITECTURE}, {NEW_TEXTS} texts, fp32",
        "encode_text on all of them at once",
        "texts/s",
        NEW_TEXTS / theirs,
        NEW_TEXTS / own,
        difference,
    )


def _bfloat16(model: OpenClipModel, device: str) -> Comparison:
    """The precision a person may choose, against ours in float32."""
    half = OpenClipModel(ARCHITECTURE, random_weights=True, device=device, precision="bf16")
    texts = [template.replace("{}", name) for name in CLASSES[:3] for template in general_templates()]
    full, own = alternate(lambda: model.encode_texts(texts), lambda: half.encode_texts(texts))
    difference = float(np.abs(model.encode_texts(texts) - half.encode_texts(texts)).max())
    return Comparison(
        "text encoding: bf16",
        f"{ARCHITECTURE}, {len(texts)} texts, --precision bf16",
        "ours in fp32",
        "texts/s",
        len(texts) / full,
        len(texts) / own,
        difference,
        note="chosen by the user; needs a processor with bf16 products",
    )
