"""`compare` and `transfer`: two prompt files on the same images, one file on several models."""

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from prompt_search.cli.options import (
    CacheDir,
    Classes,
    Decode,
    Device,
    Format,
    ImageColumn,
    ImageRoot,
    Images,
    Json,
    LabelColumn,
    Quiet,
    SplitMapping,
)
from prompt_search.data.names.printable import printable

if TYPE_CHECKING:
    from prompt_search.compare_files import Comparison
    from prompt_search.transfer_models import Transferred

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(compare)
    app.command()(transfer)


def compare(
    a: Annotated[str, typer.Argument(help="A run folder, a prompts.json, or FILE#DATASET of others.")],
    b: Annotated[str, typer.Argument(help="The other one.")],
    data: Images,
    model: Annotated[
        str | None, typer.Option(help="For both; by default those they were found for.", show_default=False)
    ] = None,
    split: Annotated[
        Literal["test", "select", "search"], typer.Option(help="Of the data, divided as in A's run.")
    ] = "test",
    flips: Annotated[int, typer.Option(help="Show so many of the images that changed.", min=0)] = 10,
    classes: Classes = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    split_map: SplitMapping = [],
    image_root: ImageRoot = None,
    decode: Decode = None,
    prompt_format: Format = None,
    device: Device = "auto",
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare two prompt files on the same images: exact paired test, interval, class by class, image by image."""
    from prompt_search.compare_files import compare as compare_prompts
    from prompt_search.data.sources.reading import Reading
    from prompt_search.display.display import Display
    from prompt_search.run.resources import Resources

    with Display(quiet=quiet or as_json) as display:
        resources = Resources(device=device, cache_dir=cache_dir, observer=display)
        reading = Reading(image_column, label_column, tuple(split_map), image_root, classes=classes, decode=decode)
        found = compare_prompts(
            a, b, data, model=model, split=split, reading=reading, prompt_format=prompt_format, resources=resources
        )
    typer.echo(json.dumps(found.to_json(), indent=1) if as_json else _told(found, flips))


def _told(found: "Comparison", most: int) -> str:
    lines = [
        f"A  {printable(found.a)}   {100 * found.right_a / found.n:.1f} %",
        f"B  {printable(found.b)}   {100 * found.right_b / found.n:.1f} %",
        found.verdict(),
        "",
        "class (images)   A right   B right",
    ]
    ordered = sorted(found.classes, key=lambda each: each.right_b - each.right_a)
    width = max(len(printable(each.name)) for each in ordered)
    lines += [
        f"{printable(c.name):{width}} ({c.n})   {c.right_a}   {c.right_b}   {c.right_b - c.right_a:+d}" for c in ordered
    ]
    if found.flips and most:
        lines += ["", f"images that just one gets right ({len(found.flips)}): class; what A and B take it for"]
        lines += [
            f"{printable(flip.image)}   {printable(flip.label)}; {printable(flip.a)}, {printable(flip.b)}"
            for flip in found.flips[:most]
        ]
    return "\n".join(lines)


def transfer(
    prompts: Annotated[str, typer.Argument(help="A run folder, a prompts.json, or FILE#DATASET of others.")],
    data: Images,
    models: Annotated[str, typer.Option(help="Names as for `run --model`, with commas between them.")],
    decode: Decode = None,
    device: Device = "auto",
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure what the prompts are worth on other models, beside "a photo of a {}." on each."""
    from prompt_search.data.sources.reading import Reading
    from prompt_search.display.display import Display
    from prompt_search.run.resources import Resources
    from prompt_search.transfer_models import transfer as transfer_prompts

    names = [name.strip() for name in models.split(",") if name.strip()]
    with Display(quiet=quiet or as_json) as display:
        resources = Resources(device=device, cache_dir=cache_dir, observer=display)
        rows = transfer_prompts(prompts, data, names, reading=Reading(decode=decode), resources=resources)
    typer.echo(json.dumps([row.to_json() for row in rows], indent=1) if as_json else "\n".join(map(_row, rows)))


def _row(row: "Transferred") -> str:
    from prompt_search.report.statistics import shown_p

    head = printable(row.model) + (" (found for it)" if row.own else "")
    if row.refused:
        return f"{head}   can't be used: {row.refused}"
    low, high = row.interval
    return (
        f"{head}   plain {100 * row.plain:.1f} %   prompts {100 * row.prompts:.1f} %   "
        f"{100 * (row.prompts - row.plain):+.1f} [{100 * low:+.1f} to {100 * high:+.1f}], "
        f"{shown_p(row.p)}, {row.n} images"
    )
