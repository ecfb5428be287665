"""Opens everything a run needs and carries it out: what the command line and the library share."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_search.bundled import data_path
from prompt_search.cache_dir import cache_dir as find_cache_dir
from prompt_search.errors import SettingsError
from prompt_search.run.arguments_file import read_arguments
from prompt_search.run.budget import Budget
from prompt_search.run.config import OWN, RunConfig
from prompt_search.run.engine import execute, replay
from prompt_search.run.folder import check_folder
from prompt_search.run.progress import Observer, Silent, Status
from prompt_search.run.resolve import NamedStrategy, Surroundings

if TYPE_CHECKING:
    from evaluators import ImageTextModel
    from optimizers import LanguageModel
    from prompt_search.result import Result

__all__ = ["COMPLETIONS", "default_out", "launch", "relaunch", "replay_run"]

COMPLETIONS = "completions.sqlite"
"""The file of cached replies in the cache directory."""


def launch(
    config: RunConfig,
    out: Path | None = None,
    *,
    strategies: Sequence[NamedStrategy] | None = None,
    model: "ImageTextModel | None" = None,
    llm: "LanguageModel | None" = None,
    device: str = "auto",
    max_calls: int | None = None,
    cache_dir: str | Path | None = None,
    observer: Observer | None = None,
    verify: bool = False,
) -> "Result":
    """Start a run, or continue the one in its folder.

    Objects given beside `config` take the place of what it names.

    Raises:
        PromptSearchError: if an argument can't be used, or the run can't go on.
    """
    from prompt_search.llm.cached_model import CachedModel
    from prompt_search.llm.completion_cache import CompletionCache
    from prompt_search.llm.function import FunctionModel
    from prompt_search.models import load_model

    budget, folder = Budget(max_calls), out or default_out(config)
    check_folder(folder, data_path(config.data))
    shown = observer or Silent()
    shown.update(Status(phase="loading models"))
    built = strategies or [(choice.name, choice.build()) for choice in config.strategies]
    cache = find_cache_dir(cache_dir)
    language = llm or _language_model(config, cache)
    image_text = model or load_model(config.model, device=device, precision=config.precision)
    # A function is known by its name only, and other scripts have others of that name: its replies stay with the run.
    with CompletionCache((folder if isinstance(language, FunctionModel) else cache) / COMPLETIONS) as completions:
        cached = CachedModel(language, completions)
        return execute(config, built, image_text, cached, folder, Surroundings(cache, budget, shown, verify))


def relaunch(
    folder: Path,
    *,
    device: str = "auto",
    max_calls: int | None = None,
    cache_dir: str | Path | None = None,
    observer: Observer | None = None,
) -> "Result":
    """Continue the run in a folder with the arguments it was started with, and its limit unless another is given.

    Raises:
        PromptSearchError: if there is no run, or it can't go on.
    """
    config, budget = read_arguments(folder)
    limit = budget.max_calls if max_calls is None else max_calls
    return launch(config, folder, device=device, max_calls=limit, cache_dir=cache_dir, observer=observer)


def replay_run(
    recorded: Path,
    out: Path,
    *,
    device: str = "auto",
    cache_dir: str | Path | None = None,
    observer: Observer | None = None,
) -> "Result":
    """Go through a finished run again, offline, into an empty folder.

    Raises:
        PromptSearchError: if there is no finished run, or this program does not come to what is recorded.
    """
    from prompt_search.models import load_model

    config, _ = read_arguments(recorded)
    strategies = [(choice.name, choice.build()) for choice in config.strategies]
    model = load_model(config.model, device=device, precision=config.precision)
    surroundings = Surroundings(find_cache_dir(cache_dir), observer=observer or Silent())
    return replay(config, strategies, model, recorded, out, surroundings)


def _language_model(config: RunConfig, cache: Path) -> "LanguageModel":
    from prompt_search.llm.choose import language_model

    if config.llm.startswith(OWN):
        name = config.llm.removeprefix(OWN)
        raise SettingsError(f"this run uses a language model of your own, {name}: run your script again to continue it")
    return language_model(config.llm, base_url=config.base_url, cache_dir=cache)


def default_out(config: RunConfig) -> Path:
    """The run folder for these arguments: the same arguments find it again."""
    content = json.dumps(config.to_json(), sort_keys=True).encode()
    return Path("runs") / f"{Path(config.data).stem or 'data'}-{hashlib.sha256(content).hexdigest()[:8]}"
