"""The tiny open_clip model as transformers has it: the same weights under other names."""

import json
from pathlib import Path
from typing import Any

import open_clip
import torch

__all__ = ["save_twin"]

SPECIAL = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>"}


def save_twin(clip_name: str, folder: Path) -> None:
    """Write model, tokenizer and image processor for `transformers.pipeline(model=folder)`."""
    import transformers

    network = open_clip.create_model(clip_name).eval()
    size: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2, "hidden_act": "gelu"}
    text = size | {"num_attention_heads": 2, "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 0}
    vision = size | {"num_attention_heads": 2, "image_size": 32, "patch_size": 8}
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=32)
    twin = transformers.CLIPModel(config)
    twin.load_state_dict(renamed(dict(network.state_dict())), strict=False)
    twin.save_pretrained(folder)
    _tokenizer(folder)
    half = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "crop_size": {"height": 32, "width": 32}}
    transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, **half).save_pretrained(folder)


def renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    found = {
        "logit_scale": state["logit_scale"],
        "text_model.embeddings.token_embedding.weight": state["token_embedding.weight"],
        "text_model.embeddings.position_embedding.weight": state["positional_embedding"],
        "text_projection.weight": state["text_projection"].T,
        "visual_projection.weight": state["visual.proj"].T,
        "vision_model.embeddings.class_embedding": state["visual.class_embedding"],
        "vision_model.embeddings.patch_embedding.weight": state["visual.conv1.weight"],
        "vision_model.embeddings.position_embedding.weight": state["visual.positional_embedding"],
    }
    norms = {"text_model.final_layer_norm": "ln_final", "vision_model.pre_layrnorm": "visual.ln_pre"}
    for theirs, ours in (norms | {"vision_model.post_layernorm": "visual.ln_post"}).items():
        found |= {f"{theirs}.{part}": state[f"{ours}.{part}"] for part in ("weight", "bias")}
    for theirs, ours in (("text_model", "transformer"), ("vision_model", "visual.transformer")):
        for layer in range(2):
            found |= block(state, f"{ours}.resblocks.{layer}", f"{theirs}.encoder.layers.{layer}")
    return {name: tensor.contiguous() for name, tensor in found.items()}


def block(state: dict[str, torch.Tensor], ours: str, theirs: str) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for part in ("weight", "bias"):
        thirds = state[f"{ours}.attn.in_proj_{part}"].chunk(3)
        found |= {f"{theirs}.self_attn.{n}_proj.{part}": own for n, own in zip("qkv", thirds, strict=True)}
        named = {"self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2"}
        for name, own in (named | {"mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj"}).items():
            found[f"{theirs}.{name}.{part}"] = state[f"{ours}.{own}.{part}"]
    return found


def _tokenizer(folder: Path) -> None:
    import transformers

    own = open_clip.get_tokenizer("ViT-B-32")
    merges = [" ".join(pair) for pair in sorted(own.bpe_ranks, key=own.bpe_ranks.__getitem__)]
    special = {"<start_of_text>": SPECIAL["bos_token"], "<end_of_text>": SPECIAL["eos_token"]}
    vocabulary = {special.get(token, token): number for token, number in own.encoder.items()}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder, pad_token="<|endoftext|>", **SPECIAL)
    tokenizer.save_pretrained(folder)
