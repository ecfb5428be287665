"""`classifier.safetensors` and `probe.safetensors`: one matrix each, for use without this package."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluators import Candidate, ClassLabel, PairwisePrompts
from evaluators.models.image_text_model import FloatArray
from prompt_search.errors import PromptError
from prompt_search.prompt_files.atomic import write_atomically

__all__ = ["PROBE_HEAD", "classifier_bytes", "read_classifier", "write_classifier", "write_probe"]

METADATA_KEY = "prompt_search"
PROBE_HEAD = "linear probe"


def write_classifier(
    path: Path, weights: FloatArray, logit_scale: float, prompts: Candidate, model: Mapping[str, Any],
    calibrated: float | None = None,
) -> None:  # fmt: skip
    """Write the file that `classifier_bytes` tells of.

    Raises:
        RunError: if it can't be written.
    """
    write_atomically(path, classifier_bytes(weights, logit_scale, prompts, model, calibrated))


def classifier_bytes(
    weights: FloatArray, logit_scale: float, prompts: Candidate, model: Mapping[str, Any],
    calibrated: float | None = None,
) -> bytes:  # fmt: skip
    """A file with `weight` [D, C] float32 with unit columns, and `logit_scale` [] (already exponentiated).

    The scale that fits held-out images best goes beside it as `calibrated_logit_scale` [], where there is one: with it
    softmax(scale * cosine) is about as sure as it is right.

    No matrix can hold pairwise prompts: `weight` is then that of their compiled form, and the metadata say so with
    `"pairwise": "compiled"`. The classes and the model are one JSON text in the file's metadata: safetensors does not
    keep the order of several.
    """
    folded = prompts.compiled()
    provenance = {"classes": folded.to_json()["classes"], "model": dict(model), "prompts_sha256": folded.fingerprint}
    if isinstance(prompts, PairwisePrompts):
        provenance["pairwise"] = "compiled"
    return _bytes(weights, logit_scale, provenance, calibrated)


def write_probe(
    path: Path, weights: FloatArray, logit_scale: float, classes: Sequence[ClassLabel], model: Mapping[str, Any]
) -> None:
    """Write a linear probe in the form of a classifier: `weight` [D, C] float32, and `logit_scale` [].

    Its columns are **not** unit vectors, since a probe learns their lengths too; the metadata say that it is one with
    `"head": "linear probe"`. There are no prompts that it comes from.

    Raises:
        RunError: if it can't be written.
    """
    listed = [{"id": label.id, "name": label.name} for label in classes]
    provenance = {"classes": listed, "model": dict(model), "head": PROBE_HEAD}
    write_atomically(path, _bytes(weights, logit_scale, provenance))


def _bytes(
    weights: FloatArray, logit_scale: float, provenance: Mapping[str, Any], calibrated: float | None = None
) -> bytes:
    from safetensors.numpy import save

    tensors = {
        "weight": np.ascontiguousarray(weights, dtype=np.float32),
        "logit_scale": np.array(logit_scale, dtype=np.float32),
    }
    if calibrated is not None:
        tensors["calibrated_logit_scale"] = np.array(calibrated, dtype=np.float32)
    return save(tensors, metadata={METADATA_KEY: json.dumps(provenance)})


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
