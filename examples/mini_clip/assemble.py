"""Puts the parts together as an open_clip `local-dir` folder.

Weights are float16, but for batch-norm statistics and the logit scale, which float16 could not hold.
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

from examples.mini_clip.architecture import MODEL_CFG, PREPROCESS_CFG, new_model
from examples.mini_clip.image_tower import load_tower
from examples.mini_clip.project import load_projection

FULL_PRECISION = ("running_mean", "running_var", "logit_scale", "num_batches_tracked")


def merged_state(work: Path) -> dict[str, torch.Tensor]:
    """The state of the whole model: image tower, projection, text tower, logit scale."""
    model = new_model()
    text = torch.load(work / "text_tower.pt", weights_only=True)
    tower = {f"visual.trunk.{key}": value for key, value in load_tower(work).state_dict().items()
             if not key.startswith("classifier.")}  # fmt: skip
    head = {f"visual.head.proj.{key}": value for key, value in load_projection(work).state_dict().items()}
    scale = {"logit_scale": torch.tensor(math.log(float((work / "logit_scale.txt").read_text())))}
    model.load_state_dict(text | tower | head | scale)
    merged: dict[str, torch.Tensor] = model.state_dict()
    return merged


def stored(key: str, value: torch.Tensor) -> torch.Tensor:
    """The tensor in the precision it is kept in."""
    keep = not value.is_floating_point() or key.endswith(FULL_PRECISION)
    return (value if keep else value.half()).contiguous()


def assemble(work: Path, target: Path) -> None:
    """Write weights and config; what is beside them in the folder stays."""
    target.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": MODEL_CFG, "preprocess_cfg": PREPROCESS_CFG}
    (target / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
    state = {key: stored(key, value) for key, value in merged_state(work).items()}
    weights = target / "open_clip_model.safetensors"
    save_file(state, weights)
    weights.chmod(0o644)  # safetensors writes for the owner only
