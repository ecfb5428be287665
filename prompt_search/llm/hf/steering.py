"""Shifts the hidden states of a transformer while it writes (activation steering, as in GLOV, arXiv 2410.06154)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from optimizers.errors import LanguageModelRejected

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["decoder_layers", "default_layer", "mean_hidden_state", "steered"]

REFERENCE_LAYER, REFERENCE_DEPTH = 17, 32
"""Where the paper's code steers its Llama."""


def decoder_layers(model: "nn.Module") -> "nn.ModuleList":
    """The decoder layers of a transformers model, first to last.

    Raises:
        LanguageModelRejected: if they are not to be found.
    """
    from torch import nn

    config: Any = model.config
    depth = config.get_text_config().num_hidden_layers
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return module
    raise LanguageModelRejected(f"no list of {depth} decoder layers in a {type(model).__name__}: it can't be steered")


def default_layer(depth: int) -> int:
    """The layer at the same relative depth as the reference's.

    >>> default_layer(32), default_layer(30), default_layer(1)
    (17, 16, 0)
    """
    return min(depth - 1, round(depth * REFERENCE_LAYER / REFERENCE_DEPTH))


def mean_hidden_state(model: "nn.Module", layer: "nn.Module", token_ids: "Tensor") -> "Tensor":
    """The mean [D] over the tokens of a text, in float32, of what comes out of a layer.

    Args:
        model: run once, without gradients.
        layer: one of its decoder layers.
        token_ids: [1, T] with T > 0, of one text, so that there is no padding.
    """
    import torch

    seen: list[Tensor] = []
    hook = layer.register_forward_hook(lambda module, inputs, output: seen.append(_hidden(output)))
    try:
        with torch.inference_mode():
            model(input_ids=token_ids, use_cache=False)
    finally:
        hook.remove()
    return seen[0][0].float().mean(dim=0)


@contextmanager
def steered(layer: "nn.Module", shift: "Tensor") -> Iterator[None]:
    """While it lasts, `shift` [D] is added to what comes out of a layer, at the last position only.

    The model's weights are not touched, and the hook is removed whatever happens.
    """

    def add(module: "nn.Module", inputs: Any, output: Any) -> Any:  # noqa: ANN401 - torch's signature
        moved = _hidden(output).clone()
        moved[:, -1] += shift
        return (moved, *output[1:]) if isinstance(output, tuple) else moved

    hook = layer.register_forward_hook(add)
    try:
        yield
    finally:
        hook.remove()


def _hidden(output: Any) -> "Tensor":  # noqa: ANN401 - a tensor, or a tuple that begins with it
    """The hidden states [batch, T, D] among what a decoder layer gives back."""
    hidden: Tensor = output[0] if isinstance(output, tuple) else output
    return hidden
