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
from prompt_search.run.config import OWN, RunConfig, StrategyChoice
from prompt_search.run.engine import BEST_SO_FAR, execute, replay
from prompt_search.run.folder import ARGUMENTS, check_folder, read_arguments
from prompt_search.run.job import Job, NamedStrategy, price_of
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.metered import Clock
from prompt_search.run.option import options
from prompt_search.run.plan.early_checks import check_arguments
from prompt_search.run.progress import Status, showing
from prompt_search.run.resources import Resources
from prompt_search.run.run_state import RunState, state_of
from prompt_search.testbed.bundled import data_path
from prompt_search.tracking.observer import TrackingObserver
from prompt_search.tracking.tracker import tracker

if TYPE_CHECKING:
    from evaluators import ImageTextModel
    from optimizers import LanguageModel, Optimizer
    from prompt_search.llm.function import MessagesToText
    from prompt_search.report.result import Result
    from prompt_search.run.plan.dry_run import DryRun
    from prompt_search.score_file import ScoredFile

__all__ = ["COMPLETIONS", "Run", "default_folder"]

COMPLETIONS = "completions.sqlite"
"""The file of cached replies, in the cache directory or in the run folder."""
CACHE_WAY_OUT = "name another cache folder, or set the environment variable PROMPT_SEARCH_CACHE"


class Run:
    """A run and its folder; nothing is opened, written or asked until one of its methods is called.

    Args:
        config: what the run is.
        folder: where everything of it is kept; by default one under `runs/` named after the configuration, so the same
            configuration finds it again.
        resources: what it works with.
        strategies, model, llm: objects in the place of those that `config` names; `config` then names them.
        data: likewise an object with labelled images or features, see `prompt_search.data.sources.objects.OwnData`.

    Raises:
        SettingsError: if an object can't be used.

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
        strategies: "Sequence[str | Optimizer] | None" = None,
        model: "ImageTextModel | None" = None,
        llm: "LanguageModel | MessagesToText | None" = None,
        data: object = None,
    ) -> None:
        from prompt_search.data.sources.objects import OwnData
        from prompt_search.llm.choose import given_model

        self.resources = resources or Resources()
        self._model = model
        self._llm = None if llm is None else given_model(llm, self.resources.concurrency)
        self._strategies: Sequence[NamedStrategy] | None = None
        if strategies is not None:
            choices = tuple(map(StrategyChoice.of, strategies))
            pairs = zip(choices, strategies, strict=True)
            self._strategies = [(choice.shown, choice.build() if isinstance(s, str) else s) for choice, s in pairs]
            config = config.having({"strategies": choices})
        if model is not None:
            config = config.having({"model": _name_of(model)})
        if self._llm is not None:
            config = config.having({"name": OWN + self._llm.name})
        self._data = None if data is None else OwnData(data)
        if self._data is not None:
            config = config.having({"source": OWN + self._data.name})
        config = _described(config)
        self.config = config
        self.folder = Path(folder) if folder else default_folder(config)
        self.budget = Budget()
        """The limits that it was last started with."""

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        resources: Resources | None = None,
        strategies: "Sequence[str | Optimizer] | None" = None,
        model: "ImageTextModel | None" = None,
        llm: "LanguageModel | MessagesToText | None" = None,
        data: object = None,
    ) -> "Run":
        """The run in a folder, as it was last started; objects of the user's own must be given again.

        Raises:
            RunMissing: if there is none.
        """
        config, budget = read_arguments(Path(folder))
        run = cls(config, folder, resources=resources, strategies=strategies, model=model, llm=llm, data=data)
        run.budget = budget
        return run

    def plan(self) -> "DryRun":
        """What the run will ask for, encode and cost; nothing is asked, and no image is opened.

        Raises:
            PromptSearchError: if an argument can't be used.
        """
        check_arguments(self.config, own_data=self._data is not None)
        strategies = self._built()
        self._check_language_model()
        check_writable(self.resources.cache, CACHE_WAY_OUT)
        observer = self.resources.observer
        with showing(observer):
            observer.update(Status(phase="loading models"))
            from prompt_search.run.plan.dry_run import dry_run

            model = self._loaded()
            observer.update(Status(phase="playing the run through"))
            price = price_of(self.config)
            able = self._reaches_batches()
            return dry_run(self.config, strategies, model, price, self.resources.cache, self._data, able=able)

    def execute(self, budget: Budget | None = None) -> "Result":
        """Start the run, continue it, or give back what it came to.

        Args:
            budget: at the first limit reached the run ends properly with the best so far; a larger one reopens it.

        Raises:
            PromptSearchError: if an argument can't be used, or the run can't go on; each message says what to do.
        """
        clock, limits = Clock(), budget if budget is not None else Budget()
        if not isinstance(limits, Budget):
            raise SettingsError(f"a budget is a Budget, e.g. Budget(max_calls=100), got {limits!r}")
        check_arguments(self.config, own_data=self._data is not None)
        check_folder(self.folder, data_path(self.config.data.source))
        check_writable(self.folder, "choose another folder for the run")
        check_writable(self.resources.cache, CACHE_WAY_OUT)
        if limits.max_cost is not None and price_of(self.config) is None:
            raise SettingsError(
                f"no price is known for {self.config.llm.name}, so a limit of cost can't be kept; "
                "state the price: two numbers, dollars per million prompt and completion tokens"
            )
        shown = TrackingObserver(self.resources.observer, {name: tracker(name) for name in self.resources.track})
        strategies = self._built()
        self._check_language_model()
        with showing(self.resources.observer):
            return self._started(strategies, shown, limits, clock)

    def resume(self, budget: Budget | None = None) -> "Result":
        """As `execute`, but a limit that `budget` leaves open stays as it was.

        Raises:
            PromptSearchError: see `execute`.
        """
        return self.execute((budget or Budget()).over(self._last_budget()))

    def replay(self, out: str | Path) -> "Result":
        """Go through the finished run again, offline, into an empty folder.

        Raises:
            PromptSearchError: if the run is not finished, or this program does not come to what is recorded.
        """
        strategies, observer = self._built(), self.resources.observer
        with showing(observer):
            observer.update(Status(phase="loading models"))
            job = Job(
                self.config, strategies, self._loaded(), None, self.resources, self._last_budget(), data=self._data
            )
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

    def report(self, out: str | Path | None = None) -> Path:
        """Write the report of the run, finished or not; the path of the file.

        Args:
            out: the file, by default `report.html` in the run folder.

        Raises:
            PromptSearchError: if there is no run, or what is recorded can't be read.
        """
        from prompt_search.report.page import write_report

        target, images = Path(out) if out else None, self.config.images
        return write_report(self.folder, self.config.data, self.resources.cache, out=target, images=images)

    def score(self, data: str | None = None) -> "ScoredFile":
        """Score the winning prompts on images, by default on the run's own.

        Raises:
            InputError: see `prompt_search.score`.
        """
        from prompt_search.score_file import score

        own = self._data.given if self._data is not None else self.config.data.source
        reading = self.config.data.reading() if data is None else None
        return score(self.folder, data or own, model=self._model, reading=reading, resources=self.resources)

    def export(self, names: Sequence[str], out: str | Path | None = None, *, head: str = "prompts") -> list[Path]:
        """Write the winning prompts in forms that other programs read; the paths of the files.

        Raises:
            InputError: see `prompt_search.export`.
        """
        from prompt_search.exports.export import export

        used = self.resources
        devices = ",".join(used.devices)
        return export(self.folder, names, out, device=devices, head=head, model=self._model, observer=used.observer)

    def _started(
        self, strategies: "Sequence[NamedStrategy]", shown: TrackingObserver, limits: Budget, clock: Clock
    ) -> "Result":
        """Load what takes long to load, and carry the run out."""
        shown.update(Status(phase="loading models"))
        self._check_devices()
        llm, model = self._language_model(), self._loaded()
        self.budget = limits
        resources = replace(self.resources, observer=shown)
        job = Job(self.config, strategies, model, llm, resources, limits, clock, self._data)
        with shown.following(_short_name(self.config), _settings(self.config, limits)) as summary:
            result = self._carried_out(job, llm)
            if self.resources.track_files:
                shown.keep([result.prompts_file, result.report_file])
            summary |= _figures(result)
        return result

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

    def _last_budget(self) -> Budget:
        return read_arguments(self.folder)[1] if (self.folder / ARGUMENTS).exists() else self.budget

    def _built(self) -> Sequence[NamedStrategy]:
        if self._strategies is not None:
            return self._strategies
        return [(choice.shown, choice.build()) for choice in self.config.search.strategies]

    def _check_language_model(self) -> None:
        """Refuse a name that is no language model's before anything is loaded; whether it is there is seen later."""
        from prompt_search.llm.choose import check_specification

        if self._llm is None and not self.config.llm.name.startswith(OWN):
            check_specification(self.config.llm.name, self.config.llm.base_url)
        if self.config.llm.batch:
            from prompt_search.run.plan.batch_check import batch_notes

            batch_notes(self.config, self._built(), able=self._reaches_batches())

    def _reaches_batches(self) -> bool:
        """Whether the language model has a batch API, as far as its name tells."""
        from prompt_search.llm.batch_log import takes_batches

        if self._llm is not None:
            return takes_batches(self._llm)
        return self.config.llm.base_url is not None or self.config.llm.name.startswith("openai/")

    def _check_devices(self) -> None:
        """Refuse a device that is not there before any model is loaded; `auto` and `cpu` need no torch for that."""
        if self._model is None and not {"auto", "cpu"}.issuperset(self.resources.devices):
            from evaluators.models.devices import check_devices

            check_devices(self.resources.devices)

    def _loaded(self) -> "ImageTextModel":
        from prompt_search.models import load_model

        if self._model is not None:
            return self._model
        config = self.config
        return load_model(
            config.model, device=self.resources.devices, precision=config.precision, products=config.products
        )

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


def _name_of(model: "ImageTextModel") -> str:
    name = getattr(model, "name", None)
    if not isinstance(name, str) or not hasattr(model, "encode_texts"):
        raise SettingsError(
            f"an image-text model is a name, or an object like evaluators.ImageTextModel, got {model!r}"
        )
    return name


def _described(config: RunConfig) -> RunConfig:
    """With the description and domain of the published data set that the images are, where none are given."""
    from prompt_search.data.presets.presets import preset_named

    data, search = config.data, config.search
    here = Path(data.source).exists()
    preset = preset_named(data.preset or ("" if here else data.source), missing_ok=True)
    if preset is None:
        return config
    return config.having(
        {"description": search.description or preset.description, "domain": search.domain or preset.domain}
    )


def default_folder(config: RunConfig) -> Path:
    """The run folder for a configuration: the same one finds it again."""
    name = Path(config.data.source).stem.removeprefix(OWN).replace(":", "-")
    return Path("runs") / f"{name or 'data'}-{_short_name(config)}"


def _short_name(config: RunConfig) -> str:
    kind: type = type(config)
    deciding = [
        [stated.section, stated.name, stated.value(config)]
        for stated in options(kind)
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
