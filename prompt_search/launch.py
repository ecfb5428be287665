"""Opens everything a run needs and carries it out: what the command line and the library share."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_search.bundled import data_path
from prompt_search.cache_dir import cache_dir as find_cache_dir
from prompt_search.early_checks import check_arguments
from prompt_search.errors import SettingsError
from prompt_search.llm.prices import Price, known_price
from prompt_search.run.arguments_file import read_arguments
from prompt_search.run.budget import Budget
from prompt_search.run.config import OWN, RunConfig
from prompt_search.run.engine import execute, replay
from prompt_search.run.folder import check_folder
from prompt_search.run.metered import Clock
from prompt_search.run.progress import Observer, Silent, Status
from prompt_search.run.resolve import NamedStrategy, Surroundings
from prompt_search.run.usefulness import ENOUGH
from prompt_search.tracking.observer import TrackingObserver
from prompt_search.tracking.tracker import tracker
from prompt_search.writable import check_writable

if TYPE_CHECKING:
    from evaluators import ImageTextModel
    from optimizers import LanguageModel
    from prompt_search.result import Result
    from prompt_search.run.dry_run import DryRun

CACHE_WAY_OUT = "name another folder with --cache-dir or the environment variable PROMPT_SEARCH_CACHE"

__all__ = ["COMPLETIONS", "default_out", "launch", "rehearse", "relaunch", "replay_run"]

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
    budget: Budget | None = None,
    price: Price | None = None,
    concurrency: int | None = None,
    use_cache: bool = True,
    cache_dir: str | Path | None = None,
    observer: Observer | None = None,
    verify: bool = False,
    confirm: Callable[[str], bool] = lambda question: True,
    track: Sequence[str] = (),
    max_useless: int | None = None,
) -> "Result":
    """Start a run, or continue the one in its folder.

    Objects given beside `config` take the place of what it names. Without a `price` the language model's known one
    counts. `use_cache` is about its replies: without it they are kept in the run folder only. `track` names trackers
    (`mlflow`, `wandb`) to send the figures to. After `max_useless` useless replies (24)
    from the start the run ends with an error; 0 for never.

    Raises:
        PromptSearchError: if an argument can't be used, or the run can't go on.
    """
    from prompt_search.models import load_model

    clock, limits, folder = Clock(), budget or Budget(), out or default_out(config)
    check_arguments(config)
    check_folder(folder, data_path(config.data))
    cache = find_cache_dir(cache_dir)
    check_writable(folder, "choose another --out")
    check_writable(cache, CACHE_WAY_OUT)
    stated = price or known_price(config.llm, config.base_url)
    if limits.max_cost is not None and stated is None:
        raise SettingsError(
            f"no price is known for {config.llm}, so a limit of cost can't be kept; "
            "state it with --price IN,OUT (dollars per million prompt and completion tokens)"
        )
    shown = TrackingObserver(observer or Silent(), {name: tracker(name) for name in track})
    shown.update(Status(phase="loading models"))
    built = strategies or [(choice.name, choice.build()) for choice in config.strategies]
    language = llm or _language_model(config, cache, concurrency)
    image_text = model or load_model(config.model, device=device, precision=config.precision)
    surroundings = Surroundings(
        cache, limits, stated, clock, shown, verify, confirm, ENOUGH if max_useless is None else max_useless
    )
    with shown.told(_short_name(config), _settings(config, limits)) as summary:
        result = _carry_out(config, built, image_text, language, folder, surroundings, use_cache=use_cache)
        summary |= _figures(result)
    return result


def _carry_out(
    config: RunConfig,
    strategies: Sequence[NamedStrategy],
    model: "ImageTextModel",
    llm: "LanguageModel",
    folder: Path,
    surroundings: Surroundings,
    *,
    use_cache: bool,
) -> "Result":
    """The run itself, with the replies of the language model from the cache where that is wanted.

    Elsewhere they stay with the run: what a failure or Ctrl-C leaves of a question is not asked for again.
    """
    from prompt_search.llm.cached_model import CachedModel
    from prompt_search.llm.completion_cache import CompletionCache
    from prompt_search.llm.function import FunctionModel

    # A function is known by its name only, and other scripts have others of that name.
    home = surroundings.cache_dir if use_cache and not isinstance(llm, FunctionModel) else folder
    with CompletionCache(home / COMPLETIONS) as completions:
        return execute(config, strategies, model, CachedModel(llm, completions), folder, surroundings)


def _settings(config: RunConfig, budget: Budget) -> dict[str, float | None]:
    """The numbers among the arguments: what a tracker may know of them."""
    numbers = {"seed": config.seed, "shots": config.shots, "select_shots": config.select_shots}
    return numbers | budget.to_json() | {"strategies": len(config.strategies)}


def _figures(result: "Result") -> dict[str, float | None]:
    """The numbers of a result: what a tracker may know of it."""
    row = result.winner
    return {
        "search_top1": row.search.top1 if row.search else None,
        "select_top1": row.select.top1 if row.select else None,
        "test_top1": row.test.top1,
        "llm_calls": result.cost.llm_calls,
        "usd": result.cost.usd,
        "test_reads": result.test_reads,
    }


def relaunch(
    folder: Path,
    *,
    device: str = "auto",
    budget: Budget | None = None,
    price: Price | None = None,
    concurrency: int | None = None,
    use_cache: bool = True,
    cache_dir: str | Path | None = None,
    observer: Observer | None = None,
    confirm: Callable[[str], bool] = lambda question: True,
    track: Sequence[str] = (),
    max_useless: int | None = None,
) -> "Result":
    """Continue the run in a folder with the arguments it was started with.

    Its limits and its price hold unless others are given: a limit that `budget` leaves open stays as it was.

    Raises:
        PromptSearchError: if there is no run, or it can't go on.
    """
    config, recorded, known = read_arguments(folder)
    given = {name: limit for name, limit in (budget or Budget()).to_json().items() if limit is not None}
    return launch(
        config,
        folder,
        device=device,
        budget=Budget.from_json(recorded.to_json() | given),
        price=price or known,
        concurrency=concurrency,
        use_cache=use_cache,
        cache_dir=cache_dir,
        observer=observer,
        confirm=confirm,
        track=track,
        max_useless=max_useless,
    )


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

    config, budget, price = read_arguments(recorded)
    strategies = [(choice.name, choice.build()) for choice in config.strategies]
    model = load_model(config.model, device=device, precision=config.precision)
    surroundings = Surroundings(find_cache_dir(cache_dir), budget, price, observer=observer or Silent(), max_useless=0)
    return replay(config, strategies, model, recorded, out, surroundings)


def rehearse(
    config: RunConfig, *, device: str = "auto", price: Price | None = None, cache_dir: str | Path | None = None
) -> "DryRun":
    """What a run with these arguments will ask for, encode and cost; nothing is asked, and no image is opened.

    Raises:
        PromptSearchError: if an argument can't be used.
    """
    from prompt_search.llm.choose import check_specification
    from prompt_search.models import load_model
    from prompt_search.run.dry_run import dry_run

    cache = find_cache_dir(cache_dir)
    check_arguments(config)
    check_specification(config.llm, config.base_url)
    check_writable(cache, CACHE_WAY_OUT)
    built = [(choice.name, choice.build()) for choice in config.strategies]
    model = load_model(config.model, device=device, precision=config.precision)
    stated = price or known_price(config.llm, config.base_url)
    return dry_run(config, built, model, stated, cache)


def _language_model(config: RunConfig, cache: Path, concurrency: int | None) -> "LanguageModel":
    from prompt_search.llm.choose import language_model

    if config.llm.startswith(OWN):
        name = config.llm.removeprefix(OWN)
        raise SettingsError(f"this run uses a language model of your own, {name}: run your script again to continue it")
    return language_model(config.llm, base_url=config.base_url, cache_dir=cache, concurrency=concurrency)


def default_out(config: RunConfig) -> Path:
    """The run folder for these arguments: the same arguments find it again."""
    return Path("runs") / f"{Path(config.data).stem or 'data'}-{_short_name(config)}"


def _short_name(config: RunConfig) -> str:
    content = json.dumps(config.to_json(), sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:8]
