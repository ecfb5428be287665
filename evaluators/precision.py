"""How numbers are computed and kept. Apart, for who names a precision need not load what computes."""

from typing import Literal

__all__ = ["Precision", "ProductsBy", "StoredAs"]

Precision = Literal["fp32", "bf16", "fp16"]
"""Of an image-text model, or of products of features."""

ProductsBy = Literal["torch", "onednn"]
"""What multiplies the matrices of an image-text model: what torch chooses by itself, or oneDNN."""

StoredAs = Literal["fp32", "fp16"]
"""How features lie on disk."""
