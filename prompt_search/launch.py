"""Opens everything a run needs and carries it out: what the command line and the library share."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_search.cache_dir import cache_dir as find_cache_dir
from prompt_search.run.budget import Budget
from prompt_search.run.config import RunConfig
from prompt_search.run.engine import execute, read_config, replay
from prompt_search.run.progress import Observer, Silent
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
    from prompt_search.llm.choose import language_model
    from prompt_search.llm.completion_cache import CompletionCache
    from prompt_search.models import load_model

    built = strategies or [(choice.name, choice.build()) for choice in config.strategies]
    cache = find_cache_dir(cache_dir)
    surroundings = Surroundings(cache, Budget(max_calls), observer or Silent(), verify)
    language = llm or language_model(config.llm, base_url=config.base_url, cache_dir=cache)
    image_text = model or load_model(config.model, device=device, precision=config.precision)
    with CompletionCache(cache / COMPLETIONS) as completions:
        cached = CachedModel(language, completions)
        return execute(config, built, image_text, cached, out or default_out(config), surroundings)


def relaunch(
    folder: Path,
    *,
    device: str = "auto",
    max_calls: int | None = None,
    cache_dir: str | Path | None = None,
    observer: Observer | None = None,
) -> "Result":
    """Continue the run in a folder with the arguments it was started with.

    Raises:
        PromptSearchError: if there is no run, or it can't go on.
    """
    config = read_config(folder)
    return launch(config, folder, device=device, max_calls=max_calls, cache_dir=cache_dir, observer=observer)


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

    config = read_config(recorded)
    strategies = [(choice.name, choice.build()) for choice in config.strategies]
    model = load_model(config.model, device=device, precision=config.precision)
    surroundings = Surroundings(find_cache_dir(cache_dir), observer=observer or Silent())
    return replay(config, strategies, model, recorded, out, surroundings)


def default_out(config: RunConfig) -> Path:
    """The run folder for these arguments: the same arguments find it again."""
    content = json.dumps(config.to_json(), sort_keys=True).encode()
    return Path("runs") / f"{Path(config.data).stem or 'data'}-{hashlib.sha256(content).hexdigest()[:8]}"
