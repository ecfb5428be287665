"""`cache info`, `cache prune` and `cache clear`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from evaluators.printable import counted, printable
from prompt_search.cli.options import CacheDir, Json

__all__ = ["app"]

PARTS = {
    "embeddings": "features of images and texts",
    "completions.sqlite": "replies of language models",
    "images.sqlite": "index of image files",
    "datasets": "data sets read from files",
    "llm": "the local language model",
}
"""What lies in a cache directory. Nothing else in it is ever touched."""

app = typer.Typer(help="What is kept between runs.", no_args_is_help=True)


@app.command()
def info(cache_dir: CacheDir = None, as_json: Json = False) -> None:
    """Where the cache is and how large its parts are."""
    from prompt_search.cache.cache_dir import cache_dir as find_cache_dir
    from prompt_search.cache.disk_use import bytes_of

    folder = find_cache_dir(cache_dir)
    sizes = {part: bytes_of(_paths(folder, part)) for part in PARTS}
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "bytes": sizes}))
        return
    typer.echo(printable(str(folder)))
    for part, size in sizes.items():
        typer.echo(f"  {size / 2**20:8.1f} MB  {part}: {PARTS[part]}")


@app.command()
def prune(
    cache_dir: CacheDir = None,
    older_than: Annotated[int, typer.Option(help="Days without use after which a part goes.", min=0)] = 90,
    max_size: Annotated[
        float | None, typer.Option(help="GB that may stay, the most recently used parts of it.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Remove replies and embeddings that were not used for long; safe while runs go on."""
    from prompt_search.cache.cache_dir import cache_dir as find_cache_dir
    from prompt_search.cache.cache_pruning import prune as prune_cache
    from prompt_search.errors import SettingsError

    if max_size is not None and not 0 <= max_size < float("inf"):
        raise SettingsError(f"--max-size is in GB, 0 or more, got {max_size}")
    folder = find_cache_dir(cache_dir)
    pruned = prune_cache(folder, older_than, None if max_size is None else int(max_size * 2**30))
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), **asdict(pruned)}))
        return
    typer.echo(
        f"freed {pruned.bytes / 2**20:.1f} MB in {folder}: {counted(pruned.replies, 'reply', 'replies')}, "
        + counted(pruned.stores, "embedding store")
    )
    if pruned.in_use:
        typer.echo(f"left alone, as they may be in use: {', '.join(pruned.in_use)}")


@app.command()
def clear(
    cache_dir: CacheDir = None,
    with_llm: bool = typer.Option(False, "--llm", help="Remove the local language model too."),
) -> None:
    """Empty the cache. Results don't change by it; they take longer the next time."""
    import shutil

    from prompt_search.cache.cache_dir import cache_dir as find_cache_dir
    from prompt_search.cache.disk_use import bytes_of
    from prompt_search.errors import StoreError

    folder = find_cache_dir(cache_dir)
    freed = 0
    for part in PARTS:
        if part == "llm" and not with_llm:
            continue
        freed += bytes_of(_paths(folder, part))
        try:
            for path in _paths(folder, part):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{folder / part} can't be removed: {error.strerror or error}") from error
    typer.echo(f"freed {freed / 2**20:.1f} MB in {printable(str(folder))}")


def _paths(folder: Path, part: str) -> list[Path]:
    """The files or the folder of a part; SQLite keeps two more files beside its own."""
    return list(folder.glob(f"{part}*")) if part.endswith(".sqlite") else [folder / part]
