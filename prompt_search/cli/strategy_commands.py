"""`strategies`: what there is to choose from, and what one of them will do."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evaluators.printable import counted
from prompt_search.cli.options import CacheDir, Json
from prompt_search.cli.strategy_options import Settings, strategy_choices

if TYPE_CHECKING:
    from optimizers import Optimizer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(strategies)


def strategies(
    name: Annotated[str | None, typer.Argument(help="Explain this one.", show_default=False)] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Images to plan for: a folder, a .parquet file, photos, emoji.", show_default=False),
    ] = None,
    settings: Settings = [],
    shots: Annotated[int | None, typer.Option(help="Images per class to search with.", show_default=False)] = None,
    cache_dir: CacheDir = None,
    as_json: Json = False,
) -> None:
    """The search strategies; with a name, its source, its settings and, with --data, what it will cost."""
    from optimizers import STRATEGIES

    if name is None:
        described = {each: explain(kind) for each, kind in STRATEGIES.items()}
        if as_json:
            typer.echo(json.dumps(described, indent=1))
            return
        for each, about in described.items():
            typer.echo(f"{each}\n  {about['source']}\n")
        typer.echo("`prompt-search strategies NAME` explains one, its settings and what it costs")
        return
    (choice,) = strategy_choices([name], settings)
    built = choice.build()
    about = explain(type(built))
    if data is not None:
        about["plan"] = _plan(built, data, shots, cache_dir)
    typer.echo(json.dumps(about, indent=1) if as_json else _told(name, about, built))


def explain(kind: "type[Optimizer]") -> dict[str, Any]:
    """A strategy in its own words: its module's docstring, and its settings with defaults, ranges and meanings."""
    from dataclasses import fields
    from inspect import cleandoc
    from sys import modules

    from optimizers import allowed_values

    told = modules[kind.__module__].__doc__ or (kind.__doc__ or "").partition("Attributes:")[0]
    summary, _, rest = told.strip().partition("\n\n")
    meanings, allowed = _meanings(cleandoc(kind.__doc__ or "")), allowed_values(kind)
    return {
        "source": " ".join(summary.split()),
        "how": rest.strip(),
        "settings": {
            f.name: {"default": f.default, "allowed": allowed.get(f.name, ""), "meaning": meanings.get(f.name, "")}
            for f in fields(kind)  # type: ignore[arg-type]  # every strategy is a dataclass
        },
    }


def _meanings(docstring: str) -> dict[str, str]:
    """What a docstring's `Attributes:` say, by name; `a, b: text` is about both."""
    _, _, section = docstring.partition("Attributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line.strip() and not line.startswith(" "):
            break
        entry, colon, text = line.strip().partition(":")
        if colon and not line.startswith("     "):
            names = [name.strip() for name in entry.split(",")]
            found |= dict.fromkeys(names, text.strip())
        else:
            found |= {name: f"{found[name]} {line.strip()}".strip() for name in names}
    return found


def _told(name: str, about: dict[str, Any], built: "Optimizer") -> str:
    lines = [f"{name}: {about['source']}", "", about["how"], "", "settings (--set NAME=VALUE):"]
    for setting, described in about["settings"].items():
        now = getattr(built, setting)
        changed = f"default {described['default']}" if now != described["default"] else ""
        notes = "; ".join(filter(None, (changed, described["allowed"])))
        lines.append(f"  {setting}={now}{f' ({notes})' if notes else ''}\n      {described['meaning']}")
    plan = about.get("plan")
    lines += ["", _cost(plan) if plan else "what it costs: add --data FOLDER"]
    return "\n".join(lines)


def _cost(plan: dict[str, int]) -> str:
    return (
        f"on these {plan['classes']} classes with {plan['search images']} search images: at most "
        f"{counted(plan['llm_calls'], 'language model call')} and {counted(plan['evaluations'], 'candidate')} scored; "
        "tokens, dollars and time: `prompt-search run ... --dry-run`"
    )


def _plan(built: "Optimizer", data: str, shots: int | None, cache_dir: Path | None) -> dict[str, int]:
    from prompt_search.cache.cache_dir import cache_dir as find_cache_dir
    from prompt_search.run.config import RunConfig
    from prompt_search.run.plan.dry_run import listed_task

    listed = listed_task(RunConfig.of(data, shots=shots), lambda text: True, find_cache_dir(cache_dir))
    plan = built.plan(listed.task)
    return {
        "classes": len(listed.task.classes),
        "search images": listed.images["search"],
        "llm_calls": plan.llm_calls,
        "evaluations": plan.evaluations,
    }
