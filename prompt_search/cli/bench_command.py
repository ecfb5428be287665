"""`bench`: strategies compared, as a TOML file says."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prompt_search.cli.options import CacheDir, Concurrency, Device, Json, Quiet

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from prompt_search.bench.bench import Bench, Progress
    from prompt_search.bench.plan import BenchPlan
    from prompt_search.bench.table import BenchTable

__all__ = ["register"]

FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    file: Annotated[Path, typer.Argument(help="A bench as a TOML file.")],
    out: Annotated[
        Path | None, typer.Option(help="The bench's folder; by default under runs/.", show_default=False)
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="So many seeds, from 0, instead of the file's.", min=1, show_default=False)
    ] = None,
    data: Annotated[
        list[str], typer.Option(help="NAME=PATH: where an image set of the file is.", show_default=False)
    ] = [],
    llm: Annotated[
        str | None,
        typer.Option(help="The language model, instead of the file's; give another --out.", show_default=False),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what every run would ask for and score.")
    ] = False,
    so_far: Annotated[bool, typer.Option("--so-far", help="Run nothing; the table of what is finished.")] = False,
    device: Device = "auto",
    concurrency: Concurrency = None,
    cache_dir: CacheDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare strategies over images, shots and seeds under equal limits. The same command again goes on.

    The file has `seeds`, `shots`, `against`, and the tables [budget], [settings], [data.NAME] and [strategies.NAME];
    examples are in benchmarks/, all keys in docs/bench.md.
    """
    from prompt_search.bench.bench import Bench
    from prompt_search.run.resources import Resources

    resources = Resources(device=device, cache_dir=cache_dir, concurrency=concurrency)
    chosen = Bench.read(file, out, seeds=range(seeds or 0), sources=_sources(data), llm=llm, resources=resources)
    if dry_run:
        _print_plan(chosen.plan(), as_json=as_json)
        return
    table = chosen.so_far() if so_far else _carried_out(chosen, quiet=quiet or as_json)
    if as_json:
        typer.echo(json.dumps(asdict(table), indent=1))
    elif quiet:
        typer.echo(str(chosen.folder / "table.md"))
    else:
        _print_table(table, chosen)
    if table.missing and not so_far:
        raise typer.Exit(FAILED)


def _sources(given: list[str]) -> dict[str, str]:
    from prompt_search.errors import SettingsError

    for each in given:
        if not all(each.partition("=")):
            raise SettingsError(f"--data takes NAME=PATH, got {each!r}")
    return {name: path for name, _, path in (each.partition("=") for each in given)}


def _carried_out(chosen: "Bench", *, quiet: bool) -> "BenchTable":
    """The bench, with a line for every run on standard error."""
    from prompt_search.cli.failures import say
    from prompt_search.display.display import Display

    def tell(progress: "Progress") -> None:
        if progress.failure or not quiet:
            say(_told(progress))

    with Display(quiet=True) as display:
        chosen.resources = replace(chosen.resources, observer=display)
        return chosen.execute(tell)


def _told(progress: "Progress") -> str:
    """One line about a run."""
    where = f"[{progress.number}/{progress.total}] {progress.cell}: "
    outcome = progress.outcome
    if outcome is None:
        return where + (f"failed: {progress.failure}" if progress.failure else "not finished")
    figure = f"{100 * outcome.winner.top1:.1f} % with {outcome.calls} calls"
    return where + figure + (" (as recorded)" if progress.recorded else f" in {outcome.seconds:.0f} s")


def _print_table(table: "BenchTable", chosen: "Bench") -> None:
    from rich.console import Console

    from prompt_search.bench.picture import is_drawable
    from prompt_search.bench.table import COLUMNS
    from prompt_search.data.names.printable import printable
    from prompt_search.installation import install_command

    console = Console(highlight=False, markup=False)
    for section in table.sections:
        shown = _table(section.title, COLUMNS)
        for row in section.shown:
            name = f"  {row.beside}: {row.name}" if row.beside else row.name
            shown.add_row(printable(name), *row.cells(), style="bold" if row.kind == "strategy" else None)
        console.print(shown)
    for note in table.notes():
        console.print(note, soft_wrap=True)
    _print_files(console, chosen.folder)
    if not is_drawable():
        console.print(f"for a picture, too: {install_command('plot')}", soft_wrap=True)


def _print_files(console: "Console", folder: Path) -> None:
    from prompt_search.data.names.printable import printable

    for name in ("table.md", "table.csv", "picture.svg"):
        if (folder / name).exists():
            console.print(printable(str(folder / name)), soft_wrap=True)


def _print_plan(plan: "BenchPlan", *, as_json: bool) -> None:
    from rich.console import Console

    from prompt_search.data.names.printable import counted, printable
    from prompt_search.display.display import note_line

    if as_json:
        typer.echo(json.dumps(plan.to_json(), indent=1))
        return
    console = Console(highlight=False, markup=False)
    for note in plan.notes:
        console.print(note_line(note), soft_wrap=True)
    each = "at most" if all(row.runs == 1 for row in plan.rows) else "a run, at most"
    shown = _table("images: strategy", ("runs", f"LLM calls\n{each}", f"candidates\n{each}"))
    for row in plan.rows:
        shots = f", {row.shots} shots" if row.shots else ""
        limited = " (limited)" if row.limited else ""
        calls = f"{_number(row.calls)}{limited}"
        shown.add_row(f"{row.data}{shots}: {printable(row.strategy)}", str(row.runs), calls, _number(row.evaluations))
    console.print(shown)
    limit = "" if plan.max_calls is None else f", under the limit of {plan.max_calls} calls a run"
    together = counted(plan.calls or 0, "language model call")
    together = "nobody knows how many language model calls" if plan.calls is None else f"at most {together}"
    console.print(f"{counted(plan.runs, 'run')}, {together}{limit}")
    console.print("Nothing was asked, fetched or loaded; `prompt-search run ... --dry-run` tells tokens and dollars.")


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)


def _table(first_column: str, columns: Sequence[str]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first_column, overflow="fold", min_width=14)
    for column in columns:
        table.add_column(column, justify="right")
    return table
