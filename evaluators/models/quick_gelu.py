"""QuickGELU with the same bits at every place, with any number of threads.

A processor computes the exponential of several numbers at once, or of one; the last bits of the two ways differ. torch
gives each thread an equal part of a tensor, and the numbers at the end of a part that don't fill its vectors go one by
one. With 3, 5, 6, 7 or 12 threads parts of a batch end so, and a text had other bits where one did.
"""

import torch
from open_clip.transformer import QuickGELU
from torch import Tensor, nn

from evaluators.models.shared_weights import with_shared_weights

__all__ = ["even_size", "with_even_quick_gelu"]

GRAIN = 32_768
"""Numbers that torch does not divide among threads."""
VECTORS = 64
"""Numbers in two vectors of the widest processors in half precision: torch takes two at once."""


def with_even_quick_gelu(network: nn.Module) -> nn.Module:
    """A network whose QuickGELU layers give a number the same bits at every place on a processor.

    The network itself, if it has none; else a copy with the same weights.
    """
    if not any(type(module) is QuickGELU for module in network.modules()):
        return network
    copied = with_shared_weights(network)
    for module in copied.modules():
        if type(module) is QuickGELU:
            module.__class__ = EvenQuickGelu
    return copied


class EvenQuickGelu(QuickGELU):  # type: ignore[misc]  # open_clip has no types
    """Its numbers are brought to a count that divides into whole vectors for every thread."""

    def forward(self, x: Tensor) -> Tensor:
        count = x.numel()
        padded = even_size(count, torch.get_num_threads()) if x.device.type == "cpu" else count
        if padded == count:
            made: Tensor = super().forward(x)
            return made
        scaled = x.new_zeros(padded)
        torch.mul(x, 1.702, out=scaled[:count].view(x.shape))
        return x * scaled.sigmoid_()[:count].view(x.shape)


def even_size(count: int, threads: int) -> int:
    """The least count from this one on that torch's threads share in whole vectors.

    >>> even_size(160 * 2048, 2), even_size(160 * 2048, 3)
    (327680, 327744)
    """
    size = count
    while True:
        sharing = max(1, min(threads, -(-size // GRAIN)))
        even = -(-size // (sharing * VECTORS)) * sharing * VECTORS
        if even == size:
            return size
        size = even
