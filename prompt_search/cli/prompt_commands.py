"""`score` and `export`: what is done with a prompt file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from evaluators.printable import printable
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

__all__ = ["FORM_NAMES", "register"]

FORM_NAMES = (
    *("safetensors", "open_clip", "cupl", "fudd", "proapo", "webdataset", "clip_benchmark", "transformers"),
    *("fiftyone", "autodistill", "sklearn", "timm", "onnx"),
)
"""Those of the registry, which would take its time to import for a page of help."""


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(score)
    app.command()(export)


def score(
    prompts: Annotated[
        Path, typer.Argument(help="A run folder, a prompts.json, or FILE#DATASET of templates or texts by class.")
    ],
    data: Images,
    model: Annotated[
        str | None, typer.Option(help="By default the model the prompts were found for.", show_default=False)
    ] = None,
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
    """Score a prompt file on images; on the images of its run, split by split, with the same figures."""
    from prompt_search.data.sources.reading import Reading
    from prompt_search.display.display import Display
    from prompt_search.run.resources import Resources
    from prompt_search.score_file import score as score_prompts

    with Display(quiet=quiet or as_json) as display:
        resources = Resources(device=device, cache_dir=cache_dir, observer=display)
        reading = Reading(image_column, label_column, tuple(split_map), image_root, classes=classes, decode=decode)
        scored = score_prompts(
            prompts, data, model=model, reading=reading, prompt_format=prompt_format, resources=resources
        )
    if as_json:
        typer.echo(json.dumps(scored.to_json(), indent=1))
        return
    for name, (low, high) in scored.intervals().items():
        figures = scored.splits[name]
        typer.echo(
            f"{name:7} {figures.n:6d} images   top-1 {100 * figures.top1:5.1f} %  [{100 * low:.1f}-{100 * high:.1f}]   "
            f"mean recall {100 * figures.mean_recall:5.1f} %   cross-entropy {figures.cross_entropy:.4f} "
            f"({figures.fitted_cross_entropy:.4f} at logit scale {figures.fitted_scale:.1f})"
        )


def export(
    source: Annotated[Path, typer.Argument(help="A run folder or a prompts.json.")],
    to: Annotated[list[str], typer.Option(help=f"{', '.join(FORM_NAMES)}; several with commas.")],
    out: Annotated[
        Path | None, typer.Option(help="A folder; by default exports/ beside the prompts.", show_default=False)
    ] = None,
    head: Annotated[
        str,
        typer.Option(
            help="prompts, or probe: the linear probe fitted on the run's images, for forms that are a matrix."
        ),
    ] = "prompts",
    dataset: Annotated[
        str | None,
        typer.Option(help="What clip_benchmark calls the data set; by default the run's images.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Images to measure on what forms with one text per class lose.", show_default=False),
    ] = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Write the prompts, or the probe fitted beside them, in a form that other programs read."""
    from prompt_search.display.display import Display
    from prompt_search.exports.export import export as export_prompts

    names = [name.strip() for each in to for name in each.split(",") if name.strip()]
    shown = Display(quiet=quiet)
    written = export_prompts(source, names, out, device=device, head=head, observer=shown, dataset=dataset, data=data)
    for path in written:
        typer.echo(printable(str(path)))
