"""timm: the image tower with projection and classes folded into one head. No text tower, no open_clip.

A CLIP classifier divides each image's features by their length before it compares them with the classes. That length is
one positive number for all classes of an image, so leaving it out changes no order: the head's output is
`length * cosine`, and its best classes are the classifier's own. Probabilities are not.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompt_search.errors import ModelError
from prompt_search.exports.form import Files, Folded, MatrixForm
from prompt_search.exports.network import Pixels, pixels_of, tower_copy
from prompt_search.exports.text_files import json_bytes

if TYPE_CHECKING:
    import torch

__all__ = ["TIMM"]

FOLDER = "timm"
ANY_VIT = "vit_base_patch32_clip_224"
"""timm's ViT with the norms of CLIP; all its sizes are given beside it."""


def timm_files(folded: Folded) -> Files:
    """A folder for `timm.create_model("local-dir:FOLDER", pretrained=True)`.

    The exported model is loaded as timm does and compared with open_clip's tower before anything is written.

    Raises:
        ModelError: if timm has no such tower, or it does not give the same.
    """
    import torch
    from safetensors.torch import save

    pixels = pixels_of(folded, "timm")
    network = tower_copy(folded, "timm")
    weight = torch.from_numpy(folded.weight.copy())
    with torch.inference_mode():
        probe = torch.randn(2, 3, *pixels.size, generator=torch.Generator().manual_seed(0))
        wanted = network.encode_image(probe) @ weight  # type: ignore[operator]
    exported, architecture, arguments = _with_head(network, weight, pixels)
    state = {name: tensor.contiguous() for name, tensor in exported.state_dict().items()}
    files = {
        "config.json": json_bytes(_config(folded, pixels, architecture, arguments)),
        "model.safetensors": save(state, metadata={"format": "pt"}),
    }
    made = _loaded_again(files, probe)
    if made.shape != wanted.shape or not torch.allclose(made, wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max())):
        raise ModelError("timm's model does not give what open_clip's does; export to onnx or safetensors instead")
    return {f"{FOLDER}/{name}": content for name, content in files.items()}


def _loaded_again(files: Files, pixels: "torch.Tensor") -> "torch.Tensor":
    """What timm makes of pixels with the model as it loads it from these files."""
    import timm
    import torch

    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        try:
            model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
        except (RuntimeError, TypeError, ValueError, KeyError) as error:
            raise ModelError(f"timm can't load this tower ({str(error)[:80]}); export to onnx instead") from error
    with torch.inference_mode():
        made: torch.Tensor = model(pixels)
    return made


def _with_head(
    network: "torch.nn.Module", weight: "torch.Tensor", pixels: Pixels
) -> "tuple[torch.nn.Module, str, dict[str, Any]]":
    """timm's model with C outputs, its architecture, and the arguments it was built with."""
    visual: Any = network.visual
    if type(visual).__name__ == "TimmModel":
        return _of_timm_tower(visual, weight)
    if type(visual).__name__ == "VisionTransformer":
        return _of_vit(network, visual, weight, pixels)
    raise ModelError(
        f"timm has no such image tower ({type(visual).__name__}); export to onnx, which takes any, or to safetensors"
    )


def _of_timm_tower(visual: Any, weight: "torch.Tensor") -> "tuple[torch.nn.Module, str, dict[str, Any]]":  # noqa: ANN401 - open_clip has no types
    """A tower that is timm's already, with at most one linear layer behind it."""
    import torch

    layers = [each for each in visual.head if not isinstance(each, torch.nn.Dropout)]
    if any(not isinstance(each, torch.nn.Linear) for each in layers) or len(layers) > 1:
        raise ModelError("its projection is more than one linear layer; export to onnx or safetensors instead")
    trunk = visual.trunk
    own = trunk.get_classifier()
    projections = [each for each in (own, *layers) if isinstance(each, torch.nn.Linear)]
    pool = getattr(trunk, "global_pool", None)
    name = pool if isinstance(pool, str) else getattr(pool, "pool_type", None)
    arguments = {"global_pool": name} if isinstance(name, str) and name else {}
    trunk.reset_classifier(weight.shape[1], **arguments)
    _fold(trunk.get_classifier(), projections, weight)
    return trunk.eval(), trunk.pretrained_cfg["architecture"], arguments


def _of_vit(
    network: "torch.nn.Module",
    visual: Any,  # noqa: ANN401 - open_clip has no types
    weight: "torch.Tensor",
    pixels: Pixels,
) -> "tuple[torch.nn.Module, str, dict[str, Any]]":
    """OpenAI's ViT, whose weights timm converts."""
    import timm
    import torch
    from timm.models.vision_transformer import checkpoint_filter_fn

    block = visual.transformer.resblocks[0]
    width = visual.conv1.out_channels
    arguments = {
        "img_size": list(pixels.size),
        "patch_size": visual.conv1.kernel_size[0],
        "embed_dim": width,
        "depth": len(visual.transformer.resblocks),
        "num_heads": block.attn.num_heads,
        "mlp_ratio": block.mlp[0].out_features / width,
    }
    if type(block.mlp[1]).__name__ == "QuickGELU":
        arguments["act_layer"] = "quick_gelu"
    try:
        model = timm.create_model(ANY_VIT, num_classes=visual.proj.shape[1], **arguments)
        model.load_state_dict(checkpoint_filter_fn(dict(network.state_dict()), model))
    except (RuntimeError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"timm can't take this tower over ({str(error)[:80]}); export to onnx instead") from error
    projection = model.head
    model.reset_classifier(weight.shape[1])
    _fold(model.head, [projection], weight)
    assert isinstance(model, torch.nn.Module)
    return model.eval(), ANY_VIT, arguments


def _fold(head: "torch.nn.Module", projections: "list[torch.nn.Linear]", weight: "torch.Tensor") -> None:
    """Make the head what the projections, one after the other, and then the classes [D, C] do."""
    import torch

    assert isinstance(head, torch.nn.Linear)
    matrix, offset = weight.T.double(), torch.zeros(weight.shape[1], dtype=torch.float64)
    for layer in reversed(projections):
        if layer.bias is not None:
            offset = offset + matrix @ layer.bias.detach().double()
        matrix = matrix @ layer.weight.detach().double()
    with torch.no_grad():
        head.weight.copy_(matrix)
        head.bias.copy_(offset)


def _config(folded: Folded, pixels: Pixels, architecture: str, arguments: dict[str, Any]) -> dict[str, Any]:
    cropped = {"crop_pct": 1.0, "crop_mode": "squash" if pixels.resize_mode == "squash" else "center"}
    prepared = {"input_size": [3, *pixels.size], "mean": list(pixels.mean), "std": list(pixels.std)}
    return {
        "architecture": architecture,
        "num_classes": len(folded.classes),
        "label_names": [label.id for label in folded.classes],
        "label_descriptions": {label.id: label.name for label in folded.classes},
        "model_args": arguments,
        "pretrained_cfg": prepared | cropped | {"interpolation": pixels.interpolation},
        "prompt_search": {"model": dict(folded.described)},
    }


TIMM = MatrixForm("an image model of timm without a text tower: folder for local-dir:", timm_files, holds_probe=True)
