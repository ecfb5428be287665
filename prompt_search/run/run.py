"""A run from the outside: planned, carried out, looked at, gone through again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from prompt_search.cache.writable import check_writable
from prompt_search.errors import SettingsError
from prompt_search.prompt_files.prompts_json import PromptFile, read_prompts_json
from prompt_search.run.arguments_file import read_arguments
from prompt_search.run.config import OWN, RunConfig
from prompt_search.run.engine import BEST_SO_FAR, execute, replay
from prompt_search.run.folder import check_folder
from prompt_search.run.job import Job, NamedStrategy, price_of
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.metered import Clock
from prompt_search.run.option import options
from prompt_search.run.plan.early_checks import check_arguments
from prompt_search.run.progress import Status
from prompt_search.run.resources import Resources
from prompt_search.run.run_state import RunState, state_of
from prompt_search.testbed.bundled import data_path
from prompt_search.tracking.observer import TrackingObserver
from prompt_search.tracking.tracker import tracker

if TYPE_CHECKING:
    from evaluators import ImageTextModel
    from optimizers import LanguageModel
    from prompt_search.report.result import Result
    from prompt_search.run.plan.dry_run import DryRun
    from prompt_search.score_file import ScoredFile

__all__ = ["COMPLETIONS", "Run", "default_folder"]

COMPLETIONS = "completions.sqlite"
"""The file of cached replies in the cache directory."""
CACHE_WAY_OUT = "name another cache folder, or set the environment variable PROMPT_SEARCH_CACHE"


class Run:
    """A run and its folder; nothing is opened, written or asked until one of its methods is called.

    Args:
        config: what the run is.
        folder: where everything of it is kept; by default one under `runs/` named after the configuration, so the same
            configuration finds it again.
        resources: what it works with.
        strategies, model, llm: objects in the place of those that `config` names.

    >>> run = Run(RunConfig.of("photos", shots=2), "runs/mine")
    >>> run.state().phase
    'new'
    """

    def __init__(
        self,
        config: RunConfig,
        folder: str | Path | None = None,
        *,
        resources: Resources | None = None,
        strategies: Sequence[NamedStrategy] | None = None,
        model: "ImageTextModel | None" = None,
        llm: "LanguageModel | None" = None,
    ) -> None:
        self.config = config
        self.folder = Path(folder) if folder else default_folder(config)
        self.resources = resources or Resources()
        self.budget = Budget()
        """The limits that it was last started with."""
        self._strategies, self._model, self._llm = strategies, model, llm

    @classmethod
    def open(cls, folder: str | Path, *, resources: Resources | None = None) -> "Run":
        """The run in a folder, as it was last started.

        Raises:
            RunMissing: if there is none.
        """
        config, budget = read_arguments(Path(folder))
        run = cls(config, folder, resources=resources)
        run.budget = budget
        return run

    def plan(self) -> "DryRun":
        """What the run will ask for, encode and cost; nothing is asked, and no image is opened.

        Raises:
            PromptSearchError: if an argument can't be used.
        """
        from prompt_search.llm.choose import check_specification
        from prompt_search.run.plan.dry_run import dry_run

        check_arguments(self.config)
        if self._llm is None:
            check_specification(self.config.llm.name, self.config.llm.base_url)
        check_writable(self.resources.cache, CACHE_WAY_OUT)
        return dry_run(self.config, self._built(), self._loaded(), price_of(self.config), self.resources.cache)

    def execute(self, budget: Budget | None = None) -> "Result":
        """Start the run, continue it, or give back what it came to.

        Args:
            budget: at the first limit reached the run ends properly with the best so far; a larger one reopens it.

        Raises:
            PromptSearchError: if an argument can't be used, or the run can't go on; each message says what to do.
        """
        clock, limits = Clock(), budget or Budget()
        check_arguments(self.config)
        check_folder(self.folder, data_path(self.config.data.source))
        check_writable(self.folder, "choose another folder for the run")
        check_writable(self.resources.cache, CACHE_WAY_OUT)
        if limits.max_cost is not None and price_of(self.config) is None:
            raise SettingsError(
                f"no price is known for {self.config.llm.name}, so a limit of cost can't be kept; "
                "state the price: IN,OUT in dollars per million prompt and completion tokens"
            )
        shown = TrackingObserver(self.resources.observer, {name: tracker(name) for name in self.resources.track})
        shown.update(Status(phase="loading models"))
        strategies, llm, model = self._built(), self._language_model(), self._loaded()
        resources = replace(self.resources, observer=shown)
        job = Job(self.config, strategies, model, llm, resources, limits, clock)
        with shown.told(_short_name(self.config), _settings(self.config, limits)) as summary:
            result = self._carried_out(job, llm)
            summary |= _figures(result)
        return result

    def resume(self, budget: Budget | None = None) -> "Result":
        """As `execute`, but a limit that `budget` leaves open stays as it was.

        Raises:
            PromptSearchError: see `execute`.
        """
        return self.execute((budget or Budget()).over(self.budget))

    def replay(self, out: str | Path) -> "Result":
        """Go through the finished run again, offline, into an empty folder.

        Raises:
            PromptSearchError: if the run is not finished, or this program does not come to what is recorded.
        """
        job = Job(self.config, self._built(), self._loaded(), None, self.resources, self.budget)
        return replay(job, self.folder, Path(out))

    def state(self) -> RunState:
        """How far it is.

        Raises:
            RunError: if the journal is damaged.
        """
        return state_of(self.folder)

    def best_so_far(self) -> PromptFile | None:
        """The fittest prompts that the search has found yet, which nothing is proven of; `None` if there are none."""
        path = self.folder / BEST_SO_FAR
        return read_prompts_json(path) if path.exists() else None

    def result(self) -> "Result":
        """What the finished run came to, from its journal; the image-text model is loaded for it.

        Raises:
            PromptSearchError: see `replay`.
        """
        with TemporaryDirectory() as scratch:
            return replace(self.replay(scratch), folder=self.folder)

    def score(self, data: str | None = None) -> "ScoredFile":
        """Score the winning prompts on images, by default on the run's own.

        Raises:
            InputError: see `prompt_search.score`.
        """
        from prompt_search.score_file import score

        classes = self.config.data.classes if data is None else None
        return score(self.folder, data or self.config.data.source, classes=classes, resources=self.resources)

    def export(self, names: Sequence[str], out: str | Path | None = None, *, head: str = "prompts") -> list[Path]:
        """Write the winning prompts in forms that other programs read; the paths of the files.

        Raises:
            InputError: see `prompt_search.export`.
        """
        from prompt_search.export_run import export

        return export(self.folder, names, out, device=self.resources.device, head=head)

    def _carried_out(self, job: Job, llm: "LanguageModel") -> "Result":
        """The run itself, with the replies of the language model from the cache where that is wanted.

        Elsewhere they stay with the run: what a failure or Ctrl-C leaves of a question is not asked for again.
        """
        from prompt_search.llm.cached_model import CachedModel
        from prompt_search.llm.completion_cache import CompletionCache
        from prompt_search.llm.function import FunctionModel

        # A function is known by its name only, and other scripts have others of that name.
        shared = self.resources.use_cache and not isinstance(llm, FunctionModel)
        with CompletionCache((job.cache if shared else self.folder) / COMPLETIONS) as completions:
            return execute(replace(job, llm=CachedModel(llm, completions)), self.folder)

    def _built(self) -> Sequence[NamedStrategy]:
        chosen = self.config.search.strategies
        return self._strategies or [(choice.name, choice.build()) for choice in chosen]

    def _loaded(self) -> "ImageTextModel":
        from prompt_search.models import load_model

        if self._model is not None:
            return self._model
        return load_model(self.config.model, device=self.resources.device, precision=self.config.precision)

    def _language_model(self) -> "LanguageModel":
        from prompt_search.llm.choose import language_model

        if self._llm is not None:
            return self._llm
        stated = self.config.llm
        if stated.name.startswith(OWN):
            name = stated.name.removeprefix(OWN)
            raise SettingsError(
                f"this run uses a language model of your own, {name}: run your script again to continue it"
            )
        return language_model(
            stated.name,
            base_url=stated.base_url,
            cache_dir=self.resources.cache,
            concurrency=self.resources.concurrency,
        )


def default_folder(config: RunConfig) -> Path:
    """The run folder for a configuration: the same one finds it again."""
    return Path("runs") / f"{Path(config.data.source).stem or 'data'}-{_short_name(config)}"


def _short_name(config: RunConfig) -> str:
    deciding = [
        [stated.section, stated.name, stated.value(config)]
        for stated in options(RunConfig)
        if stated.option.identity is not False
    ]
    return hashlib.sha256(json.dumps(deciding, default=repr).encode()).hexdigest()[:8]


def _settings(config: RunConfig, budget: Budget) -> dict[str, float | None]:
    """The numbers among the arguments: what a tracker may know of them."""
    numbers = {"seed": config.seed, "shots": config.data.shots, "select_shots": config.data.select_shots}
    return numbers | budget.to_json() | {"strategies": len(config.search.strategies)}


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
