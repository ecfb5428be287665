"""Texts that must have the same features alone as among others, with some number of torch's threads."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from evaluators import OpenClipModel

__all__ = ["check_alone_as_together", "torch_threads"]


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """So many threads, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_alone_as_together(model: OpenClipModel, texts: Sequence[str]) -> None:
    """Fails if a text has other bits alone than among the others."""
    together = model.encode_texts(texts)
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_array_equal(model.encode_texts([text])[0], row)
