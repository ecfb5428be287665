"""`data`, what a data set is read as; `datasets`, the published ones that are known by name."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from prompt_search.cli.options import (
    AS_FOR_RUN,
    CacheDir,
    Classes,
    ImageColumn,
    ImageRoot,
    Json,
    LabelColumn,
    Quiet,
    SplitMapping,
)

if TYPE_CHECKING:
    from prompt_search.data.presets.presets import Preset

__all__ = ["register"]

BAD_INPUT = 2


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(data)
    app.command()(datasets)


def data(
    what: Annotated[
        str,
        typer.Argument(
            help="A folder, file, pattern, hf:OWNER/NAME, a name of `datasets`, photos, emoji; as for `run`."
        ),
    ],
    classes: Classes = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    split_map: SplitMapping = [],
    image_root: ImageRoot = None,
    preset: Annotated[str | None, typer.Option(help="As for `run`.", show_default=False)] = None,
    stream: Annotated[
        bool | None, typer.Option("--stream/--no-stream", help="As for `run`.", show_default=False)
    ] = None,
    decode: Annotated[Literal["exact", "fast"], AS_FOR_RUN] = "exact",
    look_alikes: Annotated[
        bool, typer.Option(help="Look for pictures that look the same, which opens all of them.")
    ] = True,
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what a run would see: classes, counts, splits, what is left out and why. Nothing is encoded or asked."""
    from prompt_search.cache.cache_dir import cache_dir as find_cache_dir
    from prompt_search.data.look import look_at
    from prompt_search.display.display import Display
    from prompt_search.run.config import DataConfig
    from prompt_search.run.plan.early_checks import check_files
    from prompt_search.run.progress import Status
    from prompt_search.testbed.bundled import data_path

    stated = DataConfig(
        source=what,
        classes=classes,
        image_column=image_column,
        label_column=label_column,
        split_map=tuple(split_map),
        image_root=image_root,
        preset=preset,
        stream=stream,
        decode=decode,
    )
    check_files(what, stated.reading(), ())
    with Display(quiet=quiet or as_json) as display:
        status = Status(phase="reading images")

        def on_reading(done: int, total: int) -> None:
            status.done, status.total = done, total
            display.update(status)

        seen = look_at(
            data_path(what),
            stated.reading(),
            cache_dir=find_cache_dir(cache_dir),
            alike=look_alikes,
            on_reading=on_reading,
        )
    typer.echo(json.dumps(seen.to_json(), indent=1) if as_json else "\n".join(seen.lines()))
    if seen.refused:
        raise typer.Exit(BAD_INPUT)


def datasets(
    name: Annotated[str | None, typer.Argument(help="Tell all of this one.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """The published data sets that are known by name, for `run NAME` or `run PATH --preset NAME`."""
    from prompt_search.data.presets.presets import preset_named, presets

    chosen = preset_named(name) if name is not None else None
    shown = {chosen.name: chosen} if chosen else presets()
    if as_json:
        typer.echo(json.dumps({each: asdict(preset) for each, preset in shown.items()}, indent=1))
    elif chosen:
        typer.echo(_told(chosen))
    else:
        for each, preset in shown.items():
            typer.echo(f"{each:15} {preset.classes:4d} classes  {preset.hub or 'give a path and --preset ' + each}")


def _told(preset: "Preset") -> str:
    where = f"prompt-search run {preset.name}   downloads {preset.source}" if preset.hub else "not on the hub"
    names = {
        "list": "known here, by label number",
        "data": "the data's own",
        "open_clip:imagenet": "those of open_clip, by label number",
    }[preset.names_from]
    lines = [
        f"{preset.title}: {preset.classes} classes",
        f"  {preset.description}",
        f"  get it: {where}",
        *([f"  as CoOp has it: {preset.coop}"] if preset.coop else []),
        f"  splits: {preset.split_rule}",
        f"  class names: {names}",
        f"  words for the images: {', '.join(preset.domain)}",
    ]
    return "\n".join(lines)
