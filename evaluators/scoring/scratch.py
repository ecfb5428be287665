"""Memory that is written to again and again."""

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["Scratch"]


class Scratch:
    """Tensors by name, each in the memory of the one before it: a page of new memory costs more than a sum over it."""

    def __init__(self) -> None:
        self._kept: dict[str, torch.Tensor] = {}

    def room(self, name: str, shape: tuple[int, ...], like: "torch.Tensor") -> "torch.Tensor":
        """A tensor of this shape, of the type and on the device of another; what is in it is of no use.

        >>> import torch
        >>> scratch, number = Scratch(), torch.zeros(1)
        >>> first = scratch.room("a", (2, 3), number)
        >>> second = scratch.room("a", (1, 5), number)
        >>> second.shape, first.data_ptr() == second.data_ptr()
        (torch.Size([1, 5]), True)
        """
        kept, size = self._kept.get(name), prod(shape)
        if kept is None or kept.numel() < size or kept.dtype != like.dtype or kept.device != like.device:
            kept = self._kept[name] = like.new_empty(size)
        return kept[:size].view(shape)
