"""Copies of a network that compute otherwise with the same weights."""

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

__all__ = ["with_shared_weights"]


def with_shared_weights(network: "nn.Module") -> "nn.Module":
    """A copy of a network, module by module, that has the very parameters and buffers of the first."""
    shared = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    return copy.deepcopy(network, shared)
