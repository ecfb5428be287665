"""`demo`, `run`, `resume`, `replay`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from prompt_search.cli.options import (
    CacheDir,
    Concurrency,
    Device,
    Format,
    Json,
    MaxCalls,
    MaxCost,
    MaxTime,
    MaxTokens,
    MaxUseless,
    Model,
    NoCache,
    Precision,
    PriceText,
    Quiet,
    Track,
)
from prompt_search.cli.strategy_options import Settings, strategy_choices
from prompt_search.demo import MAX_CALLS, demo_config

if TYPE_CHECKING:
    from prompt_search.cli.display import Display
    from prompt_search.result import Result

__all__ = ["register"]

BUDGET_EXIT = 3

Out = Annotated[
    Path | None,
    typer.Option(help="The run folder; by default under runs/, named after the arguments.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (demo, run, resume, replay):
        app.command()(command)


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
    from prompt_search.launch import launch
    from prompt_search.run.budget import Budget

    config = demo_config(data, seed)
    _finish(
        lambda shown: launch(config, out, device=device, budget=Budget(max_calls), cache_dir=cache_dir, observer=shown),
        as_json=as_json,
        quiet=quiet,
    )


def run(
    data: Annotated[
        str, typer.Argument(help="A folder with one subfolder of images per class, a .parquet file, photos, emoji.")
    ],
    model: Model = "mini-clip",
    llm: Annotated[
        str,
        typer.Option(
            help="local, gguf:PATH, hf:PATH, openai/NAME, any of litellm (anthropic/NAME), any NAME with --base-url."
        ),
    ] = "local",
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible server.", show_default=False)] = None,
    strategy: Annotated[list[str], typer.Option(help="Give several to run one after the other.")] = [
        "ensemble-selection"
    ],
    settings: Settings = [],
    description: Annotated[
        str, typer.Option(help="One or two sentences about the images, for the language model.")
    ] = "",
    shots: Annotated[int | None, typer.Option(help="Images per class to search with.", show_default=False)] = None,
    select_shots: Annotated[
        int | None, typer.Option(help="Images per class to choose the winner with.", show_default=False)
    ] = None,
    classes: Annotated[Path | None, typer.Option(help='Class names: {"folder": "name"}.', show_default=False)] = None,
    baseline: Annotated[
        list[Path], typer.Option(help="Prompts you use now (FILE, or FILE#DATASET): are the new ones better?")
    ] = [],
    domain: Annotated[
        list[str], typer.Option(help="A word for the kind of images, e.g. 'satellite photo'.", show_default=False)
    ] = [],
    feedback: Annotated[
        Literal["paper", "confusions"],
        typer.Option(help="What the language model is told: 'confusions' adds the classes that are confused."),
    ] = "paper",
    captions: Annotated[
        int, typer.Option(help="Show so many search images to a multimodal language model (for ipo).", min=0)
    ] = 0,
    thinking_tokens: Annotated[
        int | None,
        typer.Option(
            help="For a model that thinks first: added to the cap of every reply. By default found out.",
            min=0,
            show_default=False,
        ),
    ] = None,
    base_to_new: Annotated[
        bool, typer.Option("--base-to-new", help="Search with half of the classes, and see how the others do.")
    ] = False,
    no_refit: Annotated[
        bool, typer.Option("--no-refit", help="Keep the select images out of the winner's last selection.")
    ] = False,
    start: Annotated[list[Path], typer.Option(help="Prompts the search begins from.")] = [],
    prompt_format: Format = None,
    fitness: Annotated[str, typer.Option(help="What the search maximises.")] = "top1-fitted-ce",
    seed: Annotated[int, typer.Option(help="Of splits, search and sampling.")] = 0,
    max_calls: MaxCalls = None,
    max_total_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    max_time: MaxTime = None,
    price: PriceText = None,
    concurrency: Concurrency = None,
    no_cache: NoCache = False,
    max_useless: MaxUseless = None,
    track: Track = [],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what the run would ask for and cost.")] = False,
    out: Out = None,
    device: Device = "auto",
    precision: Precision = "fp32",
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every image again, whatever its size and date.")
    ] = False,
    store: Annotated[
        Literal["fp32", "fp16"],
        typer.Option(help="How image features are kept; fp16 halves the space and rounds them."),
    ] = "fp32",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Go on where the model hardly knows the classes.")] = False,
    turn_by_exif: Annotated[
        bool, typer.Option("--turn-by-exif", help="Turn pictures by their EXIF orientation; open_clip does not.")
    ] = False,
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for the best prompts on labelled images. The same command again continues or shows the run."""
    from prompt_search.cli.plan_table import print_dry_run
    from prompt_search.launch import launch, rehearse
    from prompt_search.llm.prices import parse_price
    from prompt_search.run.budget import Budget
    from prompt_search.run.config import RunConfig

    budget = Budget(max_calls, max_total_tokens, max_cost, max_time)
    config = RunConfig(
        data=data,
        model=model,
        llm=llm,
        base_url=base_url,
        strategies=strategy_choices(strategy, settings),
        seed=seed,
        shots=shots,
        select_shots=select_shots,
        classes_file=str(classes) if classes else None,
        precision=precision,
        fitness=fitness,
        description=description,
        domain=tuple(domain),
        feedback=feedback,
        captions=captions,
        thinking_tokens=thinking_tokens,
        stored_as=store,
        turn_by_exif=turn_by_exif,
        base_to_new=base_to_new,
        refit=not no_refit,
        baseline=tuple(map(str, baseline)),
        start=tuple(map(str, start)),
        prompt_format=prompt_format,
    )
    stated = parse_price(price) if price else None
    if dry_run:
        print_dry_run(rehearse(config, device=device, price=stated, cache_dir=cache_dir), budget, as_json=as_json)
        return
    _finish(
        lambda shown: launch(
            config,
            out,
            device=device,
            budget=budget,
            price=stated,
            concurrency=concurrency,
            use_cache=not no_cache,
            cache_dir=cache_dir,
            observer=shown,
            verify=verify,
            confirm=shown.confirm if not yes else lambda question: True,
            track=track,
            max_useless=max_useless,
        ),
        as_json=as_json,
        quiet=quiet,
    )


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
    device: Device = "auto",
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Continue a run where it stopped; a larger limit reopens one that its budget had ended."""
    from prompt_search.launch import relaunch
    from prompt_search.llm.prices import parse_price
    from prompt_search.run.budget import Budget

    budget = Budget(max_calls, max_total_tokens, max_cost, max_time)
    _finish(
        lambda shown: relaunch(
            folder,
            device=device,
            budget=budget,
            price=parse_price(price) if price else None,
            concurrency=concurrency,
            use_cache=not no_cache,
            cache_dir=cache_dir,
            observer=shown,
            confirm=shown.confirm,
            track=track,
            max_useless=max_useless,
        ),
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


def _finish(carry_out: "Callable[[Display], Result]", *, as_json: bool, quiet: bool) -> None:
    from prompt_search.cli.display import Display
    from prompt_search.cli.result_table import print_result

    with Display(quiet=quiet or as_json) as display:
        result = carry_out(display)
    print_result(result, as_json=as_json, quiet=quiet)
    if result.stopped_by:
        raise typer.Exit(BUDGET_EXIT)
