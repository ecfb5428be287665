"""`run.json`: the arguments of a run, for `resume` and `replay`."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from prompt_search.bundled import is_bundled
from prompt_search.data.home import from_home
from prompt_search.errors import RunError, RunMissing
from prompt_search.llm.prices import Price
from prompt_search.private_file import make_private
from prompt_search.prompt_files.atomic import remove_unfinished, write_atomically
from prompt_search.run.budget import Budget
from prompt_search.run.config import RunConfig
from prompt_search.run.journal import JOURNAL

__all__ = ["ARGUMENTS", "read_arguments", "write_arguments"]

ARGUMENTS = "run.json"


def write_arguments(folder: Path, config: RunConfig, budget: Budget, price: Price | None) -> None:
    """Write the arguments down, with absolute paths: a run may be resumed from anywhere. Its lock must be held.

    What an earlier start was writing when it was killed is removed, and the journal, which holds what was said to the
    language model and what it answered, is made readable by its owner only.

    Raises:
        RunError: if the folder can't be written.
    """
    _prepare(folder)
    located = replace(
        config,
        data=config.data if is_bundled(config.data) else _absolute(config.data),
        classes_file=_absolute(config.classes_file) if config.classes_file else None,
        baseline=tuple(map(_absolute, config.baseline)),
        start=tuple(map(_absolute, config.start)),
    )
    content = {
        "arguments": located.to_json(),
        "budget": budget.to_json(),
        "price": asdict(price) if price else None,
    }
    write_atomically(folder / ARGUMENTS, (json.dumps(content, indent=1) + "\n").encode())


def _prepare(folder: Path) -> None:
    remove_unfinished(folder)
    try:
        make_private(folder / JOURNAL)
    except OSError as error:
        raise RunError(f"{folder / JOURNAL} can't be written: {error.strerror or error}") from error


def read_arguments(folder: Path) -> tuple[RunConfig, Budget, Price | None]:
    """The arguments a run folder was last started with, its limits, and the price of its language model.

    Raises:
        RunMissing: if the folder holds no run of this version.
    """
    path = folder / ARGUMENTS
    try:
        value = json.loads(path.read_bytes())
        price = value["price"]
        budget = Budget.from_json(value["budget"])
        return RunConfig.from_json(value["arguments"]), budget, Price(**price) if price else None
    except FileNotFoundError as error:
        raise RunMissing(f"{folder} holds no run: there is no {ARGUMENTS} in it") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunMissing(f"{folder} holds no run that this version can read: {ARGUMENTS}: {error}") from error


def _absolute(path: str) -> str:
    return str(from_home(path).absolute())
