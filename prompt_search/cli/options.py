"""The options several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from prompt_search.cli.panels import LIMITS, LLM, OUTPUT, RUNNING

__all__ = [
    "CacheDir",
    "Classes",
    "Concurrency",
    "Decode",
    "Device",
    "Engine",
    "Format",
    "ImageColumn",
    "ImageRoot",
    "Images",
    "Json",
    "LabelColumn",
    "MaxCalls",
    "MaxCost",
    "MaxTime",
    "MaxTokens",
    "MaxUseless",
    "Model",
    "NoCache",
    "Precision",
    "PriceText",
    "Quiet",
    "SplitMapping",
    "Track",
    "TrackFiles",
]

CacheDir = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=RUNNING, help="Where embeddings and replies are kept between runs.", show_default=False
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--devices",
        "--device",
        rich_help_panel=RUNNING,
        help="Where to encode and score: auto, cpu, cuda, cuda:N; cuda:0,cuda:1 share the work.",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        rich_help_panel=RUNNING, help="Who encodes images: here (this process), ray (a Ray cluster), ray://HOST:PORT."
    ),
]
Model = Annotated[
    str,
    typer.Option(
        help="mini-clip, ARCHITECTURE/TAG or ARCHITECTURE/FILE of open_clip, OWNER/NAME of the hub, local-dir:FOLDER."
    ),
]
Format = Annotated[
    Literal["dclip", "cupl"] | None,
    typer.Option(
        "--format",
        help="What texts by class in a prompt file are: descriptors to join with the class's name, or whole prompts.",
        show_default=False,
    ),
]
Precision = Annotated[Literal["fp32", "bf16", "fp16"], typer.Option(help="Of the image-text model.")]
Json = Annotated[
    bool,
    typer.Option("--json", rich_help_panel=OUTPUT, help="Print the result as JSON on standard output, nothing else."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=OUTPUT, help="Print only warnings and errors.")]

MaxCalls = Annotated[
    int | None, typer.Option(rich_help_panel=LIMITS, help="The most language model calls.", show_default=False)
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-total-tokens",
        rich_help_panel=LIMITS,
        help="The most tokens paid for, prompts included.",
        show_default=False,
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(rich_help_panel=LIMITS, help="The most dollars. Refused where no price is known.", show_default=False),
]
MaxTime = Annotated[
    float | None, typer.Option(rich_help_panel=LIMITS, help="The most seconds, loading included.", show_default=False)
]
PriceText = Annotated[
    str | None,
    typer.Option(
        "--price",
        rich_help_panel=LLM,
        help="IN,OUT: dollars per million prompt and completion tokens, where the price is not known.",
        show_default=False,
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option(rich_help_panel=LLM, help="The most calls to a server in flight (32).", min=1, show_default=False),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache", rich_help_panel=LLM, help="Take no replies from the cache, and keep them in the run folder only."
    ),
]
MaxUseless = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=LLM,
        help="Useless replies of the language model from the start that end the run (24; 0: never).",
        min=0,
        show_default=False,
    ),
]
Track = Annotated[
    list[str],
    typer.Option(
        rich_help_panel=OUTPUT, help="Send the run's figures (numbers only) to mlflow or wandb.", show_default=False
    ),
]
TrackFiles = Annotated[
    bool,
    typer.Option(
        "--track-files",
        rich_help_panel=OUTPUT,
        help="Send the prompt file and the report there too, with class names and texts.",
    ),
]
AS_FOR_RUN = typer.Option(help="As for `run`.", show_default=False)
Images = Annotated[str, typer.Argument(help="As for `run`: a folder, file, hf:OWNER/NAME, photos, emoji.")]
Classes = Annotated[str | None, AS_FOR_RUN]
ImageColumn = Annotated[str | None, AS_FOR_RUN]
LabelColumn = Annotated[str | None, AS_FOR_RUN]
SplitMapping = Annotated[list[str], AS_FOR_RUN]
ImageRoot = Annotated[str | None, AS_FOR_RUN]
Decode = Annotated[
    Literal["exact", "fast"] | None,
    typer.Option(help="As for `run`; by default as in the run of the prompts, or exact.", show_default=False),
]
