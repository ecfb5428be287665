"""`classifier.safetensors`: prompts folded into one matrix, for use without this package."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evaluators import Candidate, PairwisePrompts
from evaluators.image_text_model import FloatArray
from prompt_search.errors import PromptError
from prompt_search.prompt_files.atomic import write_atomically

__all__ = ["read_classifier", "write_classifier"]

METADATA_KEY = "prompt_search"


def write_classifier(
    path: Path, weights: FloatArray, logit_scale: float, prompts: Candidate, model: Mapping[str, Any]
) -> None:
    """Write `weight` [D, C] float32 with unit columns, and `logit_scale` [] (already exponentiated).

    No matrix can hold pairwise prompts: `weight` is then that of their compiled form, and the metadata say so with
    `"pairwise": "compiled"`. The classes and the model are one JSON text in the file's metadata: safetensors does not
    keep the order of several.

    Raises:
        RunError: if it can't be written.
    """
    from safetensors.numpy import save

    folded = prompts.compiled()
    provenance = {"classes": folded.to_json()["classes"], "model": dict(model), "prompts_sha256": folded.fingerprint}
    if isinstance(prompts, PairwisePrompts):
        provenance["pairwise"] = "compiled"
    tensors = {
        "weight": np.ascontiguousarray(weights, dtype=np.float32),
        "logit_scale": np.array(logit_scale, dtype=np.float32),
    }
    write_atomically(path, save(tensors, metadata={METADATA_KEY: json.dumps(provenance)}))


def read_classifier(path: Path) -> tuple[FloatArray, float, dict[str, Any]]:
    """Weights [D, C], logit scale, and provenance of a classifier file.

    Raises:
        PromptError: if it is not one.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            weights, scale = file.get_tensor("weight"), float(file.get_tensor("logit_scale"))
            provenance = json.loads((file.metadata() or {})[METADATA_KEY])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise PromptError(f"{path} is not a classifier of Prompt Search: {error}") from error
    return weights, scale, provenance
