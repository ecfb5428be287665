"""`demo`, `run`, `resume`, `replay`, `strategies`."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from prompt_search.cli.options import CacheDir, Device, Json, Model, Precision, Quiet

if TYPE_CHECKING:
    from prompt_search.cli.display import Display
    from prompt_search.result import Result
    from prompt_search.run.config import StrategyChoice

__all__ = ["register"]

BUDGET_EXIT = 3

Out = Annotated[
    Path | None,
    typer.Option(help="The run folder; by default under runs/, named after the arguments.", show_default=False),
]
MaxCalls = Annotated[int | None, typer.Option(help="The most language model calls.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (demo, run, resume, replay, strategies):
        app.command()(command)


def demo(
    data: Annotated[Literal["photos", "emoji"], typer.Option(help="Which of the bundled image sets.")] = "photos",
    out: Annotated[Path, typer.Option(help="The run folder.")] = Path("runs/demo"),
    max_calls: Annotated[int, typer.Option(help="The most language model calls.")] = 130,
    seed: Annotated[int, typer.Option(help="Of splits, search and sampling.")] = 0,
    device: Device = "auto",
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The main job on bundled images, with the bundled model and the local language model, offline."""
    from prompt_search.launch import launch
    from prompt_search.run.config import RunConfig, StrategyChoice

    cupl = StrategyChoice("cupl", (("samples", "4"),))
    config = RunConfig(
        data=f"bundled:{data}",
        strategies=(cupl, StrategyChoice("hill-climb")),
        seed=seed,
        description=DESCRIPTIONS.get(data, ""),
    )
    _finish(
        lambda shown: launch(config, out, device=device, max_calls=max_calls, cache_dir=cache_dir, observer=shown),
        as_json=as_json,
        quiet=quiet,
    )


DESCRIPTIONS = {
    "photos": "Small photographs of animals and vehicles.",
    "emoji": "Emoji: small coloured drawings of animals, food, places and things.",
}


def run(
    data: Annotated[
        str, typer.Argument(help="A folder with one subfolder of images per class, a .parquet file, photos, emoji.")
    ],
    model: Model = "mini-clip",
    llm: Annotated[str, typer.Option(help="local, gguf:PATH, openai/NAME, or any NAME with --base-url.")] = "local",
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible server.", show_default=False)] = None,
    strategy: Annotated[list[str], typer.Option(help="Give several to run one after the other.")] = ["hill-climb"],
    settings: Annotated[
        list[str], typer.Option("--set", help="A strategy's setting, e.g. iterations=20 or cupl.samples=4.")
    ] = [],
    description: Annotated[
        str, typer.Option(help="One or two sentences about the images, for the language model.")
    ] = "",
    shots: Annotated[int | None, typer.Option(help="Images per class to search with.", show_default=False)] = None,
    select_shots: Annotated[
        int | None, typer.Option(help="Images per class to choose the winner with.", show_default=False)
    ] = None,
    classes: Annotated[Path | None, typer.Option(help='Class names: {"folder": "name"}.', show_default=False)] = None,
    baseline: Annotated[list[Path], typer.Option(help="Prompts you use now: are the new ones better?")] = [],
    start: Annotated[list[Path], typer.Option(help="Prompts the search begins from.")] = [],
    fitness: Annotated[str, typer.Option(help="What the search maximises.")] = "top1-ce",
    seed: Annotated[int, typer.Option(help="Of splits, search and sampling.")] = 0,
    max_calls: MaxCalls = None,
    out: Out = None,
    device: Device = "auto",
    precision: Precision = "fp32",
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every image again, whatever its size and date.")
    ] = False,
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for the best prompts on labelled images. The same command again continues or shows the run."""
    from prompt_search.launch import launch
    from prompt_search.run.config import RunConfig

    config = RunConfig(
        data=data,
        model=model,
        llm=llm,
        base_url=base_url,
        strategies=_choices(strategy, settings),
        seed=seed,
        shots=shots,
        select_shots=select_shots,
        classes_file=str(classes) if classes else None,
        precision=precision,
        fitness=fitness,
        description=description,
        baseline=tuple(map(str, baseline)),
        start=tuple(map(str, start)),
    )
    _finish(
        lambda shown: launch(
            config, out, device=device, max_calls=max_calls, cache_dir=cache_dir, observer=shown, verify=verify
        ),
        as_json=as_json,
        quiet=quiet,
    )


def resume(
    folder: Annotated[Path, typer.Argument(help="A run folder.")],
    max_calls: MaxCalls = None,
    device: Device = "auto",
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Continue a run where it stopped; a larger --max-calls reopens one that its budget had ended."""
    from prompt_search.launch import relaunch

    _finish(
        lambda shown: relaunch(folder, device=device, max_calls=max_calls, cache_dir=cache_dir, observer=shown),
        as_json=as_json,
        quiet=quiet,
    )


def replay(
    folder: Annotated[Path, typer.Argument(help="A finished run folder.")],
    out: Annotated[Path | None, typer.Option(help="An empty folder to keep the replay in.", show_default=False)] = None,
    device: Device = "auto",
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go through a finished run again from its journal, offline, and compare every byte."""
    from tempfile import TemporaryDirectory

    from prompt_search.cli.display import Display
    from prompt_search.cli.failures import say
    from prompt_search.launch import replay_run
    from prompt_search.run.compare import compare_runs

    with TemporaryDirectory() as temporary:
        target = out or Path(temporary)
        with Display(quiet=quiet or as_json) as display:
            result = replay_run(folder, target, device=device, cache_dir=cache_dir, observer=display)
        different = compare_runs(folder, target)
    if as_json:
        typer.echo(json.dumps({"equal": not different, "different": different} | result.to_json(), indent=1))
    if different:
        say(f"error: the replay differs from {folder}: {'; '.join(different)}")
        raise typer.Exit(1)
    if not quiet and not as_json:
        typer.echo(result.verdict())
        typer.echo("the replay is equal: prompts.json, classifier.safetensors, and every event in order")


def strategies(as_json: Json = False) -> None:
    """The search strategies and their settings."""
    from dataclasses import fields

    from optimizers import STRATEGIES

    table = {name: {f.name: f.default for f in fields(kind)} for name, kind in STRATEGIES.items()}  # type: ignore[arg-type]
    if as_json:
        typer.echo(json.dumps(table, indent=1))
        return
    for name, kind in STRATEGIES.items():
        summary = (__import__(kind.__module__, fromlist=["_"]).__doc__ or "").split("\n\n")[0].strip()
        typer.echo(f"{name}\n  {summary}\n  settings: {', '.join(f'{k}={v}' for k, v in table[name].items())}\n")


def _finish(carry_out: "Callable[[Display], Result]", *, as_json: bool, quiet: bool) -> None:
    from prompt_search.cli.display import Display
    from prompt_search.cli.result_table import print_result

    with Display(quiet=quiet or as_json) as display:
        result = carry_out(display)
    print_result(result, as_json=as_json, quiet=quiet)
    if result.stopped_by:
        raise typer.Exit(BUDGET_EXIT)


def _choices(names: Iterable[str], settings: Iterable[str]) -> "tuple[StrategyChoice, ...]":
    """Strategies with their settings; `NAME.setting=value` is for one of them, `setting=value` for the only one."""
    from prompt_search.errors import SettingsError
    from prompt_search.run.config import StrategyChoice

    chosen = [name.strip() for each in names for name in each.split(",") if name.strip()]
    if not chosen:
        raise SettingsError("--strategy needs a name; `prompt-search strategies` lists them")
    values: dict[str, dict[str, str]] = {name: {} for name in chosen}
    for setting in settings:
        left, equals, value = setting.partition("=")
        strategy, dot, key = left.rpartition(".")
        if not equals:
            raise SettingsError(f"--set takes NAME=VALUE, got {setting!r}")
        if not dot and len(values) > 1:
            raise SettingsError(f"--set {setting}: say for which strategy, e.g. --set {chosen[0]}.{setting}")
        target = strategy if dot else chosen[0]
        if target not in values:
            raise SettingsError(
                f"--set {setting}: {target!r} is not among the strategies of this run: {', '.join(chosen)}"
            )
        values[target][key] = value
    return tuple(StrategyChoice(name, tuple(sorted(values[name].items()))) for name in chosen)
