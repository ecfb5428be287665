"""`predict`: a prompt file put to use on pictures."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from prompt_search.cli.options import Decode, Device, Quiet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prompt_search.predict.opened import OpenedPrompts
    from prompt_search.predict.stream import Classified
    from prompt_search.predict.write_rows import Guess

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(predict)


def predict(
    prompts: Annotated[Path, typer.Argument(help="A run folder or a prompts.json.")],
    images: Annotated[
        list[str], typer.Argument(help="Files, folders (at any depth), patterns; - for paths from standard input.")
    ],
    top: Annotated[int, typer.Option(help="Tell the K likeliest classes of each image.", min=1)] = 1,
    form: Annotated[
        Literal["table", "csv", "jsonl", "parquet"] | None,
        typer.Option("--as", help="By default a table, or by the ending of --out.", show_default=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A file in the place of the screen.", show_default=False)] = None,
    model: Annotated[
        str | None, typer.Option(help="By default the model the prompts were found for.", show_default=False)
    ] = None,
    decode: Decode = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Classify pictures; those that can't be read are named on standard error and left out.

    Probabilities are at the logit scale that the run calibrated, where it did. FuDD's pairs decide image by image.
    """
    from prompt_search.display.display import Display
    from prompt_search.errors import DataError
    from prompt_search.predict.find_pictures import STDIN, find_pictures, named_lines
    from prompt_search.predict.opened import open_prompt_file
    from prompt_search.predict.stream import classify
    from prompt_search.predict.write_rows import RowWriter, row_format

    chosen = row_format(form, out)
    lines = STDIN in images
    if lines and len(images) > 1:
        raise DataError("`-` reads all paths from standard input; give nothing beside it")
    items: Iterable[tuple[str, Path]] = named_lines(sys.stdin) if lines else find_pictures(images)
    shown = Display(quiet=quiet)
    opened = open_prompt_file(prompts, model, device, shown, decode)
    done, left = 0, 0
    with RowWriter(chosen, out, sys.stdout) as writer:
        for batch in classify(opened, items):
            writer.write(_guesses(opened, batch, top))
            for name, reason in batch.broken:
                shown.warn(f"left out: {name}: {reason}")
            done, left = done + len(batch.names), left + len(batch.broken)
    if not done:
        raise DataError("none of the images could be read" if left else "standard input named no images")


def _guesses(opened: "OpenedPrompts", batch: "Classified", top: int) -> "list[tuple[str, list[Guess]]]":
    from prompt_search.predict.write_rows import Guess

    probabilities = opened.probabilities(batch.cosines)
    order = (-batch.cosines).argsort(axis=1, kind="stable")[:, :top]
    return [
        (name, [Guess(opened.classes[i], float(own[i]), float(cosines[i])) for i in best])
        for name, best, own, cosines in zip(batch.names, order, probabilities, batch.cosines, strict=True)
    ]
