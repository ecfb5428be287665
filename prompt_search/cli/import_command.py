"""`import`: what a prompt file is recognised as."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from prompt_search.cli.options import CacheDir, Classes, Format, Json
from prompt_search.data.names.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evaluators import ClassLabel
    from prompt_search.prompt_files.reading.recognise import Recognised, Unmatched

__all__ = ["register"]

BAD_INPUT = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="import")(import_file)


def import_file(
    file: Annotated[str, typer.Argument(help="A prompt file, a run folder, or FILE#DATASET.")],
    data: Annotated[
        str | None,
        typer.Argument(help="The images it is for, as for `run`: their classes are matched.", show_default=False),
    ] = None,
    names: Annotated[
        str | None, typer.Option(help="A JSON list of class names in the place of images.", show_default=False)
    ] = None,
    classes: Classes = None,
    prompt_format: Format = None,
    cache_dir: CacheDir = None,
    as_json: Json = False,
) -> None:
    """Show what a prompt file is taken for, and every class that does not match, with names that are close.

    Nothing is written: every command that takes prompts takes such files as they are. Exits with 2 if it can't be used.
    """
    from prompt_search.errors import SettingsError
    from prompt_search.prompt_files.reading.recognise import recognise

    if data is not None and names is not None:
        raise SettingsError("give images or --names, not both")
    wanted = _named(names) if names else _of_data(data, classes, cache_dir) if data else None
    found = recognise(file, wanted, prompt_format)
    typer.echo(json.dumps(found.to_json(), indent=1) if as_json else _told(found))
    if not found.usable:
        raise typer.Exit(BAD_INPUT)


def _named(path: str) -> "Sequence[ClassLabel]":
    from evaluators import ClassLabel
    from prompt_search.cache.home_folder import in_home
    from prompt_search.errors import PromptError
    from prompt_search.prompt_files.prompts_json import read_json

    value = read_json(in_home(path, PromptError))
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name.strip() for name in value):
        raise PromptError(f"{path} is no JSON list of class names")
    return [ClassLabel(f"{i:06}", name) for i, name in enumerate(value)]


def _of_data(data: str, classes: str | None, cache_dir: "Path | None") -> "Sequence[ClassLabel]":
    from evaluators import ClassLabel
    from prompt_search.cache.cache_dir import cache_dir as find_cache_dir
    from prompt_search.data.look import look_at
    from prompt_search.data.sources.reading import Reading
    from prompt_search.testbed.bundled import data_path

    seen = look_at(data_path(data), Reading(classes=classes), cache_dir=find_cache_dir(cache_dir), alike=False)
    return sorted(ClassLabel(class_id, name) for class_id, name, _ in seen.classes)


def _told(found: "Recognised") -> str:
    lines = [printable(found.form), *(f"  {printable(line)}" for line in found.lines)]
    lines += _side("in the file, and no class of the data", found.only_file)
    lines += _side("in the data, and not in the file", found.only_data)
    return "\n".join(lines)


def _side(title: str, unmatched: "Sequence[Unmatched]") -> list[str]:
    return [f"{title}:", *(f"  {printable(str(each))}" for each in unmatched)] if unmatched else []
