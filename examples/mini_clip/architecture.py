"""What mini-clip is, as open_clip describes models."""

from typing import Any

import open_clip
import torch

EMBED_DIM = 384
IMAGE_SIZE = 160
MODEL_CFG: dict[str, Any] = {
    "embed_dim": EMBED_DIM,
    "vision_cfg": {
        "timm_model_name": "mobilenetv2_100",
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": "linear",
        "timm_proj_bias": True,
        "image_size": IMAGE_SIZE,
    },
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 256, "heads": 4, "layers": 3},
}
PREPROCESS_CFG: dict[str, Any] = {
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}


def new_model() -> open_clip.CLIP:
    """The untrained model, in float32."""
    return open_clip.CLIP(**MODEL_CFG)


def encode_text(model: open_clip.CLIP, tokens: torch.Tensor) -> torch.Tensor:
    """`model.encode_text` for tokens [B, L] of any length L, as positions after the end-of-text token do nothing.

    open_clip adds all 77 positions, so it takes only full-length tokens. The tower is causal and reads its answer at
    the end-of-text token, the highest id, so shorter input gives the same features in less time.
    """
    length = tokens.shape[1]
    states = model.token_embedding(tokens) + model.positional_embedding[:length]
    states = model.ln_final(model.transformer(states, attn_mask=model.attn_mask[:length, :length]))
    features: torch.Tensor = states[torch.arange(len(tokens)), tokens.argmax(dim=-1)] @ model.text_projection
    return features
