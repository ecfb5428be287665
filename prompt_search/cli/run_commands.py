"""`demo`, `run`, `resume`, `replay`."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from optimizers import STRATEGIES
from prompt_search.cli.config_options import with_config_options
from prompt_search.cli.options import (
    CacheDir,
    Concurrency,
    Device,
    Engine,
    Json,
    MaxCalls,
    MaxCost,
    MaxTime,
    MaxTokens,
    MaxUseless,
    NoCache,
    PriceText,
    Quiet,
    Track,
    TrackFiles,
)
from prompt_search.cli.panels import IMAGES, OUTPUT, RUNNING, SEARCH, PanelCommand
from prompt_search.cli.strategy_options import Settings, strategy_choices
from prompt_search.testbed.demo import MAX_CALLS, demo_config

if TYPE_CHECKING:
    from prompt_search.display.display import Display
    from prompt_search.llm.prices import Price
    from prompt_search.report.result import Result

__all__ = ["register"]

BUDGET_EXIT = 3

Out = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=OUTPUT,
        help="The run folder; by default under runs/, named after the arguments.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (demo, run, resume, replay):
        app.command(cls=PanelCommand)(command)


def demo(
    data: Annotated[Literal["photos", "emoji"], typer.Option(help="Which of the bundled image sets.")] = "photos",
    out: Annotated[Path, typer.Option(help="The run folder.")] = Path("runs/demo"),
    max_calls: Annotated[int, typer.Option(help="The most language model calls.")] = MAX_CALLS,
    seed: Annotated[int, typer.Option(help="Of splits, search and sampling.")] = 0,
    device: Device = "auto",
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The main job on bundled images, with the bundled model and the local language model, offline."""
    from prompt_search.run.money.budget import Budget
    from prompt_search.run.resources import Resources
    from prompt_search.run.run import Run

    def carry_out(shown: "Display") -> "Result":
        resources = Resources(device=device, cache_dir=cache_dir, observer=shown)
        return Run(demo_config(data, seed), out, resources=resources).execute(Budget(max_calls))

    _finish(carry_out, as_json=as_json, quiet=quiet)


@with_config_options
def run(
    data: Annotated[
        str,
        typer.Argument(
            help="Images in class folders, a .parquet, .csv, .jsonl, .tar, .npz or split_zhou_*.json file, "
            "hf:OWNER/NAME, a name of `datasets`, photos, emoji; `data` shows how it is read."
        ),
    ],
    fields: dict[str, Any],
    strategy: Annotated[
        list[str],
        typer.Option(rich_help_panel=SEARCH, help=f"{', '.join(STRATEGIES)}. Give several to run one after the other."),
    ] = ["ensemble-selection"],
    settings: Settings = [],
    max_calls: MaxCalls = None,
    max_total_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    max_time: MaxTime = None,
    price: PriceText = None,
    concurrency: Concurrency = None,
    no_cache: NoCache = False,
    track: Track = [],
    track_files: TrackFiles = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", rich_help_panel=RUNNING, help="Only say what the run would ask for and cost.")
    ] = False,
    out: Out = None,
    device: Device = "auto",
    engine: Engine = "here",
    verify: Annotated[
        bool,
        typer.Option("--verify", rich_help_panel=IMAGES, help="Read every image again, whatever its size and date."),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", rich_help_panel=RUNNING, help="Go on where the model hardly knows the classes."),
    ] = False,
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for the best prompts on labelled images. The same command again continues or shows the run."""
    from prompt_search.cli.plan_table import print_dry_run
    from prompt_search.run.config import RunConfig
    from prompt_search.run.money.budget import Budget
    from prompt_search.run.resources import Resources
    from prompt_search.run.run import Run

    budget = Budget(max_calls, max_total_tokens, max_cost, max_time)
    written = {"source": data, "strategies": strategy_choices(strategy, settings), "price": _price(price)}
    config = RunConfig().having(fields | written)
    resources = Resources(
        device=device,
        engine=engine,
        cache_dir=cache_dir,
        use_cache=not no_cache,
        concurrency=concurrency,
        verify=verify,
        track=tuple(track),
        track_files=track_files,
    )
    if dry_run:
        from prompt_search.display.display import Display

        planned = Run(config, out, resources=replace(resources, observer=Display(quiet=quiet or as_json))).plan()
        print_dry_run(planned, budget, as_json=as_json)
        return

    def carry_out(shown: "Display") -> "Result":
        confirm = resources.confirm if yes else shown.confirm
        return Run(config, out, resources=replace(resources, observer=shown, confirm=confirm)).execute(budget)

    _finish(carry_out, as_json=as_json, quiet=quiet)


def resume(
    folder: Annotated[Path, typer.Argument(help="A run folder.")],
    max_calls: MaxCalls = None,
    max_total_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    max_time: MaxTime = None,
    price: PriceText = None,
    concurrency: Concurrency = None,
    no_cache: NoCache = False,
    max_useless: MaxUseless = None,
    track: Track = [],
    track_files: TrackFiles = False,
    device: Device = "auto",
    engine: Engine = "here",
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Continue a run where it stopped; a larger limit reopens one that its budget had ended."""
    from prompt_search.run.money.budget import Budget
    from prompt_search.run.resources import Resources
    from prompt_search.run.run import Run

    budget = Budget(max_calls, max_total_tokens, max_cost, max_time)
    given = {"price": _price(price), "max_useless": max_useless}

    def carry_out(shown: "Display") -> "Result":
        resources = Resources(
            device=device,
            engine=engine,
            cache_dir=cache_dir,
            use_cache=not no_cache,
            concurrency=concurrency,
            track=tuple(track),
            track_files=track_files,
            observer=shown,
            confirm=shown.confirm,
        )
        run = Run.open(folder, resources=resources)
        run.config = run.config.having({name: value for name, value in given.items() if value is not None})
        return run.resume(budget)

    _finish(carry_out, as_json=as_json, quiet=quiet)


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

    from prompt_search.cli.failures import say
    from prompt_search.display.display import Display
    from prompt_search.run.journal.differences import compare_runs
    from prompt_search.run.resources import Resources
    from prompt_search.run.run import Run

    with TemporaryDirectory() as temporary:
        target = out or Path(temporary)
        with Display(quiet=quiet or as_json) as display:
            resources = Resources(device=device, cache_dir=cache_dir, observer=display)
            result = Run.open(folder, resources=resources).replay(target)
        different = compare_runs(folder, target)
    if as_json:
        typer.echo(json.dumps({"equal": not different, "different": different} | result.to_json(), indent=1))
    if different:
        say(f"error: the replay differs from {folder}: {'; '.join(different)}")
        raise typer.Exit(1)
    if not quiet and not as_json:
        typer.echo(result.verdict())
        typer.echo("the replay is equal: prompts.json, classifier.safetensors, and every event in order")


def _price(text: str | None) -> "Price | None":
    from prompt_search.llm.prices import parse_price

    return parse_price(text) if text else None


def _finish(carry_out: "Callable[[Display], Result]", *, as_json: bool, quiet: bool) -> None:
    from prompt_search.cli.result_table import print_result
    from prompt_search.display.display import Display

    with Display(quiet=quiet or as_json) as display:
        result = carry_out(display)
    print_result(result, as_json=as_json, quiet=quiet)
    if result.stopped_by:
        raise typer.Exit(BUDGET_EXIT)
