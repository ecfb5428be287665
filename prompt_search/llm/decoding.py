"""Draws a completion token by token from a transformers model, with a random generator of its own."""

from collections.abc import Collection
from inspect import signature
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

__all__ = ["completion", "draw"]


def completion(
    model: "nn.Module",
    prompt: "Tensor",
    *,
    temperature: float,
    top_p: float,
    max_tokens: int,
    ends: Collection[int],
    seed: int,
) -> tuple[list[int], bool]:
    """The tokens after a prompt, and whether the model ended by itself.

    The same seed gives the same tokens on the same machine; torch's global generator is not used.

    Args:
        prompt: token ids [1, T].
        ends: tokens that end a completion; they are not part of it.
    """
    import torch

    # Some models would compute the logits of the whole prompt; not all can be told not to.
    last_only = {"logits_to_keep": 1} if "logits_to_keep" in signature(model.forward).parameters else {}
    generator = torch.Generator().manual_seed(seed)
    tokens: list[int] = []
    step, past = prompt, None
    with torch.inference_mode():
        while len(tokens) < max_tokens:
            out = model(input_ids=step, past_key_values=past, use_cache=True, **last_only)
            token = draw(out.logits[0, -1], temperature, top_p, generator)
            if token in ends:
                return tokens, True
            tokens.append(token)
            step, past = prompt.new_tensor([[token]]), out.past_key_values
    return tokens, False


def draw(logits: "Tensor", temperature: float, top_p: float, generator: "Generator") -> int:
    """One token id, drawn from the fewest most likely ones whose probabilities add up to `top_p` (nucleus sampling).

    Args:
        logits: [V], on any device.
        temperature: 0 takes the most likely token.

    >>> import torch
    >>> rare_last = torch.tensor([5.0, 4.0, -5.0])
    >>> {draw(rare_last, 1.0, 0.9, torch.Generator().manual_seed(seed)) for seed in range(50)}
    {0, 1}
    """
    import torch

    exact = logits.double().cpu()
    if temperature == 0:
        return int(exact.argmax())
    probabilities, order = torch.softmax(exact / temperature, dim=0).sort(descending=True, stable=True)
    before = probabilities.cumsum(dim=0) - probabilities
    kept = probabilities.where(before < top_p, 0.0)
    return int(order[torch.multinomial(kept, 1, generator=generator)])
