"""The options several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["CacheDir", "Device", "Json", "Model", "Precision", "Quiet"]

CacheDir = Annotated[
    Path | None, typer.Option(help="Where embeddings and replies are kept between runs.", show_default=False)
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Model = Annotated[
    str, typer.Option(help="mini-clip, ARCHITECTURE/TAG of open_clip, hf-hub:OWNER/NAME, or local-dir:FOLDER.")
]
Precision = Annotated[Literal["fp32", "bf16", "fp16"], typer.Option(help="Of the image-text model.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only warnings and errors.")]
