"""Relatives of the tiny open_clip model: other text towers, other kinds of model."""

import json
from pathlib import Path
from typing import Any

from tests.fakes.tiny_clip import CONFIG

__all__ = ["save_variant"]

VOCABULARY = 49408


def save_variant(folder: Path, text: dict[str, Any] | None = None, **top_level: Any) -> str:
    """Write a random model as an open_clip `local-dir` and return its name.

    Args:
        folder: where to.
        text: changes to the text tower's configuration.
        top_level: additions to the model's configuration, e.g. `custom_text=True`.
    """
    import open_clip
    import torch
    from safetensors.torch import save_file

    small: dict[str, Any] = json.loads(json.dumps(CONFIG))
    config = small | {"text_cfg": small["text_cfg"] | (text or {})} | top_level
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.data.mul_(3)  # so that attention looks at more than its own token
    save_file({k: v.clone() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")
    return f"local-dir:{folder}"
