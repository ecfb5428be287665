"""The folder of a run: whether it may be written into, and `run.json`, its arguments for `resume` and `replay`."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from prompt_search.cache.private_file import make_private
from prompt_search.data.home import from_home
from prompt_search.errors import RunError, RunMismatch, RunMissing
from prompt_search.prompt_files.atomic import remove_unfinished, write_atomically
from prompt_search.run.config import RunConfig
from prompt_search.run.job import Job, price_of
from prompt_search.run.journal.journal import JOURNAL
from prompt_search.run.journal.json_shape import ShapeError, read_as
from prompt_search.run.money.budget import Budget
from prompt_search.testbed.bundled import is_named

__all__ = ["ARGUMENTS", "as_recorded", "check_folder", "read_arguments", "write_arguments"]


ARGUMENTS = "run.json"


@dataclass(frozen=True, slots=True)
class _Recorded:
    """The content of the file."""

    arguments: RunConfig
    budget: Budget


def write_arguments(folder: Path, job: Job) -> None:
    """Write the configuration down, with absolute paths and the price that is reckoned with; and the budget.

    The lock of the folder must be held: what an earlier start was writing when it was killed is removed, and the
    journal, which holds what was said to the language model and what it answered, is made readable by its owner only.

    Raises:
        RunError: if the folder can't be written.
    """
    _prepare(folder)
    content = {"arguments": as_recorded(job.config).to_json(), "budget": job.budget.to_json()}
    write_atomically(folder / ARGUMENTS, (json.dumps(content, indent=1) + "\n").encode())


def as_recorded(config: RunConfig) -> RunConfig:
    """A configuration as `run.json` has it: with absolute paths, and the price that is reckoned with."""
    return replace(config, llm=replace(config.llm, price=price_of(config))).located(_absolute)


def _prepare(folder: Path) -> None:
    remove_unfinished(folder)
    try:
        make_private(folder / JOURNAL)
    except OSError as error:
        raise RunError(f"{folder / JOURNAL} can't be written: {error.strerror or error}") from error


def read_arguments(folder: Path) -> tuple[RunConfig, Budget]:
    """The configuration a run folder was last started with, and its limits.

    Raises:
        RunMissing: if the folder holds no run of this version.
    """
    path = folder / ARGUMENTS
    try:
        value = json.loads(path.read_bytes())
        recorded = read_as(_Recorded, value)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunMissing(f"{folder} holds no run: there is no {ARGUMENTS} in it") from error
    except OSError as error:
        raise RunMissing(f"{folder / ARGUMENTS} can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        field = error if isinstance(error, ShapeError) else f"it is not JSON: {str(error)[:80]}"
        raise RunMissing(
            f"{folder} holds no run that this version can read: {ARGUMENTS}: {field}; give the command that started "
            "the run, with the same run folder, to continue it"
        ) from error
    return recorded.arguments, recorded.budget


def _absolute(path: str) -> str:
    return path if is_named(path) else str(from_home(path).absolute())


LEFT_BEHIND = (ARGUMENTS, f".{ARGUMENTS}", ".lock", "completions.sqlite")
"""What a run that was killed before its first event may have left."""


def check_folder(folder: Path, data: str | Path | None = None) -> None:
    """Refuse a folder that holds anything but a run (its files would be overwritten), or lies among the images.

    Raises:
        RunMismatch: naming something that is there.
    """
    if folder.exists() and not folder.is_dir():
        raise RunMismatch(f"{folder} is a file; choose another run folder")
    data = data if isinstance(data, Path) else None
    if data is not None and data.is_dir() and folder.resolve().is_relative_to(data.resolve()):
        raise RunMismatch(
            f"{folder} lies in the images' folder {data} and would count as images; choose another run folder"
        )
    if not folder.is_dir() or (folder / JOURNAL).exists():
        return
    foreign = sorted(path.name for path in folder.iterdir() if not path.name.startswith(LEFT_BEHIND))
    if foreign:
        raise RunMismatch(
            f"{folder} holds other files ({foreign[0]!r}) and no run; choose an empty or a new run folder"
        )
