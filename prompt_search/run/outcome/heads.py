"""What else the search and select images can do: a linear probe and Tip-Adapter, beside the prompts on test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evaluators import PHOTO_TEMPLATE, Candidate, PromptSet, TextEncoder
from evaluators.embeddings.class_weights import class_embedding
from evaluators.heads.linear_probe import Probe, fit_probe
from evaluators.heads.tip_adapter import TipAdapter, fit_tip_adapter
from evaluators.models.image_text_model import FloatArray
from prompt_search.prompt_files.classifier import write_probe
from prompt_search.report.result import PROBE
from prompt_search.run.outcome.split_evaluators import SplitEvaluators

__all__ = ["PROBE_FILE", "fit_heads", "too_large"]

PROBE_FILE = "probe.safetensors"
MOST_WORK = 2**31
"""Images x width x classes above which a probe takes more than the seconds that a comparison is worth."""


def too_large(images: int, width: int, classes: int) -> bool:
    """Whether heads are left out because they would take minutes."""
    return images * width * classes > MOST_WORK


def fit_heads(
    winner: Candidate, evaluators: SplitEvaluators, folder: Path, model: Mapping[str, Any]
) -> dict[str, Probe | TipAdapter]:
    """Fit them on the search and select images together; the probe from the winner is written into the folder."""
    images, texts = evaluators.joined(), evaluators.texts
    prompts, scale = winner.compiled(), texts.model.logit_scale
    if too_large(len(images), texts.model.width, len(prompts.classes)):
        return {}
    photo = PromptSet.of(prompts.classes, [PHOTO_TEMPLATE])
    heads: dict[str, Probe | TipAdapter] = {}
    if photo.fingerprint != prompts.fingerprint:
        heads[f'linear probe, from "{PHOTO_TEMPLATE}"'] = fit_probe(
            images.embeddings[:], images.labels, _weights(photo, texts), scale
        )
    words = _weights(prompts, texts)
    probe = fit_probe(images.embeddings[:], images.labels, words, scale)
    write_probe(folder / PROBE_FILE, probe.weight, scale, prompts.classes, model)
    heads[PROBE] = probe
    heads["Tip-Adapter, from the winner"] = fit_tip_adapter(images.embeddings[:], images.labels, words, scale)
    return heads


def _weights(prompts: PromptSet, texts: TextEncoder) -> FloatArray:
    return np.stack([class_embedding(texts.embed(sorted(own))) for own in prompts.rendered], axis=1)
