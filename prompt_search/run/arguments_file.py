"""`run.json`: the arguments of a run, for `resume` and `replay`."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from prompt_search.bundled import is_bundled
from prompt_search.data.home import from_home
from prompt_search.errors import RunMissing
from prompt_search.llm.prices import Price
from prompt_search.prompt_files.atomic import write_atomically
from prompt_search.run.budget import Budget
from prompt_search.run.config import RunConfig
from prompt_search.run.json_shape import ShapeError, read_as

__all__ = ["ARGUMENTS", "read_arguments", "write_arguments"]

ARGUMENTS = "run.json"


@dataclass(frozen=True, slots=True)
class _Recorded:
    """The content of the file."""

    arguments: RunConfig
    budget: Budget
    price: Price | None


def write_arguments(folder: Path, config: RunConfig, budget: Budget, price: Price | None) -> None:
    """Write the arguments down, with absolute paths: a run may be resumed from anywhere.

    Raises:
        RunError: if the folder can't be written.
    """
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


def read_arguments(folder: Path) -> tuple[RunConfig, Budget, Price | None]:
    """The arguments a run folder was last started with, its limits, and the price of its language model.

    Raises:
        RunMissing: if the folder holds no run of this version.
    """
    path = folder / ARGUMENTS
    try:
        value = json.loads(path.read_bytes())
        recorded = read_as(_Recorded, value)
    except FileNotFoundError as error:
        raise RunMissing(f"{folder} holds no run: there is no {ARGUMENTS} in it") from error
    except (OSError, ValueError, RecursionError) as error:
        field = error if isinstance(error, ShapeError) else f"it is not JSON: {str(error)[:80]}"
        raise RunMissing(
            f"{folder} holds no run that this version can read: {ARGUMENTS}: {field}; give the command that started "
            "the run, with the same --out, to continue it"
        ) from error
    return recorded.arguments, recorded.budget, recorded.price


def _absolute(path: str) -> str:
    return str(from_home(path).absolute())
