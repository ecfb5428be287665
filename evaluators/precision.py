"""How many bits numbers are computed and kept with. Apart, for who names a precision need not load what computes."""

from typing import Literal

__all__ = ["Precision", "StoredAs"]

Precision = Literal["fp32", "bf16", "fp16"]
"""Of an image-text model, or of products of features."""

StoredAs = Literal["fp32", "fp16"]
"""How features lie on disk."""
