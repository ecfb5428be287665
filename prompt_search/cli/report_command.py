"""`report`: pages of runs that are finished, going on, or dead."""

from pathlib import Path
from typing import Annotated

import typer

from evaluators.printable import printable
from prompt_search.cli.options import CacheDir

__all__ = ["register"]

COMPARISON = Path("comparison.html")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(report)


def report(
    folders: Annotated[
        list[Path], typer.Argument(help="Run folders: of one the whole report, of several one page beside each other.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help=f"The file; by default report.html in the run folder, of several runs {COMPARISON} here.",
            show_default=False,
        ),
    ] = None,
    no_images: Annotated[bool, typer.Option("--no-images", help="Show no test images.")] = False,
    cache_dir: CacheDir = None,
) -> None:
    """Write the report of a run, finished or not, or put several runs side by side. Nothing is loaded or asked."""
    from prompt_search.prompt_files.atomic import write_atomically
    from prompt_search.report.page import render_comparison
    from prompt_search.report.record import read_run
    from prompt_search.run.resources import Resources
    from prompt_search.run.run import Run

    if len(folders) == 1:
        run = Run.open(folders[0], resources=Resources(cache_dir=cache_dir))
        if no_images:
            run.config = run.config.having({"images": False})
        path = run.report(out)
    else:
        path = out or COMPARISON
        write_atomically(path, render_comparison([read_run(folder) for folder in folders]).encode())
    typer.echo(printable(str(path)))
