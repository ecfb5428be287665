"""Options of the command line that are fields of a `RunConfig`: name, help, default and range are said there."""

import inspect
from collections.abc import Callable
from typing import Annotated, get_args, get_origin

import typer

from prompt_search.cli.panels import IMAGES, LLM, SEARCH
from prompt_search.run.config import RunConfig
from prompt_search.run.option import Stated, options

__all__ = ["with_config_options"]

PANELS = {"data": IMAGES, "": IMAGES, "search": SEARCH, "llm": LLM, "seed": SEARCH}
"""Of sections, and of fields that stand elsewhere."""
KEYWORD = inspect.Parameter.KEYWORD_ONLY
WRITTEN_OTHERWISE = {"source", "strategies", "price"}
"""Fields that a person writes in a way of its own: an argument, `--strategy` and `--set`, `IN,OUT`."""


def with_config_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for every field; their values come together, by field name, as `fields`."""
    fields = [stated for stated in options(RunConfig) if stated.name not in WRITTEN_OTHERWISE]
    own = [parameter for parameter in inspect.signature(command).parameters.values() if parameter.name != "fields"]

    def filled(**values: object) -> None:
        command(fields={stated.name: values.pop(stated.name) for stated in fields}, **values)

    required = [parameter for parameter in own if parameter.default is inspect.Parameter.empty]
    optional = [parameter for parameter in own if parameter not in required]
    parameters = [each.replace(kind=KEYWORD) for each in (*required, *map(_parameter, fields), *optional)]
    filled.__name__, filled.__doc__ = command.__name__, command.__doc__
    filled.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    filled.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return filled


def _parameter(stated: Stated) -> inspect.Parameter:
    option, several = stated.option, get_origin(stated.kind) is tuple
    flag = option.flag or f"--{stated.name.replace('_', '-')}"
    shown = stated.default is not None and stated.default != "" and stated.default is not False and not several
    panel = PANELS.get(stated.name) or PANELS[stated.section]
    described = typer.Option(
        flag, help=option.help, min=option.least, max=option.most, show_default=shown, rich_help_panel=panel
    )
    kind = list[get_args(stated.kind)[0]] if several else stated.kind  # type: ignore[misc]
    default = list(stated.default) if several else stated.default
    return inspect.Parameter(stated.name, KEYWORD, default=default, annotation=Annotated[kind, described])
