"""`doctor`: what can be used here."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from prompt_search.cli.options import CacheDir, Json

if TYPE_CHECKING:
    from prompt_search.doctor import Check

__all__ = ["register"]

BAD_INPUT = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    prompts: Annotated[
        str | None, typer.Argument(help="A run folder or prompts.json to look at instead.", show_default=False)
    ] = None,
    llm: Annotated[
        str | None, typer.Option(help="Say whether this language model could be used.", show_default=False)
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="The OpenAI-compatible server it is at.", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Look at the prompts with this image-text model.", show_default=False)
    ] = None,
    cache_dir: CacheDir = None,
    as_json: Json = False,
) -> None:
    """Tell what can be used here, why not what can't, and how to mend it; or what is wrong with a prompt file.

    Asks no language model anything. Exits with 2 where something is wrong with the prompt file.
    """
    from prompt_search.cache.cache_dir import cache_dir as find_cache_dir
    from prompt_search.doctor import diagnose, diagnose_language_model
    from prompt_search.errors import SettingsError

    if base_url is not None and llm is None:
        raise SettingsError("--base-url is the address of a model: name it with --llm")
    if model is not None and prompts is None:
        raise SettingsError("--model is for prompts: name their file, too")
    if prompts is not None:
        _look_at_prompts(prompts, model, as_json)
        return
    folder = find_cache_dir(cache_dir)
    checks = diagnose(folder)
    asked = None if llm is None else diagnose_language_model(llm, base_url, folder)
    if asked is not None:
        checks.append(asked)
    _print(checks, as_json)
    if asked is not None and not asked.usable:
        raise typer.Exit(BAD_INPUT)


def _look_at_prompts(prompts: str, model: str | None, as_json: bool) -> None:
    from prompt_search.prompt_doctor import diagnose_prompts

    checks = diagnose_prompts(prompts, model=model)
    _print(checks, as_json)
    if not all(check.usable for check in checks):
        raise typer.Exit(BAD_INPUT)


def _print(checks: "list[Check]", as_json: bool) -> None:
    typer.echo(json.dumps([asdict(check) for check in checks], indent=1) if as_json else _table(checks))


def _table(checks: "list[Check]") -> str:
    from prompt_search.data.names.printable import printable

    lines: list[str] = []
    width = max(len(check.name) for check in checks)
    for before, check in zip([None, *checks], checks, strict=False):
        if before is None or before.part != check.part:
            lines.append(check.part)
        mark = "ok" if check.usable else "no"
        lines.append(f"  {mark}  {printable(check.name):{width}}  {printable(check.found)}")
        if check.fix:
            lines.append(f"      {'':{width}}  fix: {printable(check.fix)}")
    return "\n".join(lines)
