"""What a run will cost, before anything is spent."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluators import ImageTextModel, TextEncoder
from optimizers import Plan, Task
from prompt_search.data.layouts.image_source import ImageSource
from prompt_search.data.names.class_parts import part_of
from prompt_search.data.report import DataReport
from prompt_search.data.sources.objects import OwnData
from prompt_search.data.sources.read import read_images
from prompt_search.data.splits import Splits, split
from prompt_search.llm.prices import Price
from prompt_search.model_names import spelling_note
from prompt_search.run.config import RunConfig
from prompt_search.run.inputs import read_own_prompts
from prompt_search.run.job import NamedStrategy, batch_price_of
from prompt_search.run.outcome.baselines import plain_baselines
from prompt_search.run.plan.batch_check import batch_notes, batching
from prompt_search.run.plan.context import context_check
from prompt_search.run.plan.rehearsal import RehearsedSearch
from prompt_search.testbed.bundled import data_path

__all__ = ["DryRun", "ListedTask", "StrategyPlan", "dry_run", "listed_task"]

TIMED_TEXTS = 64


@dataclass(frozen=True, slots=True)
class StrategyPlan:
    """One strategy of a run, or the captions before it, played through with made-up replies.

    Attributes:
        llm_calls, evaluations: as rehearsed.
        most_llm_calls, most_evaluations: by the strategy's own plan.
        prompt_tokens: estimated; `completion_tokens`: the most there can be.
        usd: at the price of the model, `None` if it is not known.
    """

    name: str
    llm_calls: int
    most_llm_calls: int
    evaluations: int
    most_evaluations: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class DryRun:
    """The plan of a run.

    Attributes:
        images: per split, duplicates and unreadable files still among them.
        texts: to be encoded that are in no cache.
        text_seconds: what that will take here, measured on a few of them.
        notes: how the data and the user's prompt files were read, as far as it is seen without opening a picture;
            those a person should heed begin with `warning`.
    """

    classes: int
    images: dict[str, int]
    strategies: tuple[StrategyPlan, ...]
    texts: int
    text_seconds: float
    notes: tuple[str, ...] = ()

    @property
    def usd(self) -> float | None:
        """All strategies together."""
        amounts = [plan.usd for plan in self.strategies]
        return None if None in amounts else round(sum(amount for amount in amounts if amount is not None), 6)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self) | {"usd": self.usd}


@dataclass(frozen=True, slots=True)
class ListedTask:
    """The job as the list of files tells it.

    Attributes:
        task: what the strategies are given.
        images: per split, duplicates and unreadable files still among them.
        notes: how the data and the user's prompt files were read.
    """

    task: Task
    images: dict[str, int]
    notes: tuple[str, ...]


def dry_run(
    config: RunConfig,
    strategies: Sequence[NamedStrategy],
    model: ImageTextModel,
    price: Price | None,
    cache_dir: Path,
    data: OwnData | None = None,
    *,
    able: bool = True,
) -> DryRun:
    """Play the run through without language model and images.

    Args:
        able: whether the language model has a batch API.

    Raises:
        InputError: if something can't be used.
    """
    listed = listed_task(config, context_check(model), cache_dir, model, data)
    task = listed.task
    texts = TextEncoder(model, cache_dir)
    rehearsed, plans = RehearsedSearch(task, config.seed, config.search.captions, config.llm.thinking_tokens or 0), []
    rehearsed.score(list(plain_baselines(task.classes, task.fits).values()))
    for name, strategy in strategies:
        rehearsed.batching, rehearsed.batched_tokens = config.llm.batch and name in batching(strategies), (0, 0)
        before = (rehearsed.llm_calls, rehearsed.prompt_tokens, rehearsed.completion_tokens, len(rehearsed.archive))
        strategy.run(rehearsed)
        now = (rehearsed.llm_calls, rehearsed.prompt_tokens, rehearsed.completion_tokens, len(rehearsed.archive))
        calls, prompt, completion, scored = (after - earlier for after, earlier in zip(now, before, strict=True))
        plan: Plan = strategy.plan(task)
        usd = _dollars(price, batch_price_of(config), (prompt, completion), rehearsed.batched_tokens)
        plans.append(StrategyPlan(name, calls, plan.llm_calls, scored, plan.evaluations, prompt, completion, usd))
    if shown := rehearsed.shown:
        prompt, completion = rehearsed.caption_tokens()
        usd = round(price.cost(prompt, completion), 6) if price else None
        plans.append(StrategyPlan("captions", shown, shown, 0, 0, prompt, completion, usd))
    missing = texts.missing(list(rehearsed.texts))
    seconds = _seconds(missing, model)
    batches = batch_notes(config, strategies, able=able) if config.llm.batch else []
    return DryRun(len(task.classes), listed.images, tuple(plans), len(missing), seconds, (*listed.notes, *batches))


def listed_task(
    config: RunConfig,
    fits: Callable[[str], bool],
    cache_dir: Path,
    model: ImageTextModel | None = None,
    own: OwnData | None = None,
) -> ListedTask:
    """The job, the sizes of its splits and how everything was read, from the list of files alone: no picture is opened.

    Args:
        model: checks the user's own prompts; without one they are left out.
        own: an object in the place of the images that `config` names.
    """
    data, search = config.data, config.search
    listed = read_images(own or data_path(data.source), data.reading(), cache_dir / "datasets")
    source = part_of(listed, "base" if data.base_to_new else "all")
    drawn = split(source.images, data.shots, data.select_shots, config.seed, given=source.given or None)
    label_of = {label.id: index for index, label in enumerate(source.classes)}
    prompts = [
        read_own_prompts(path, source.classes, model, search.prompt_format) if model else None
        for path in (*search.baseline, *search.start)
    ]
    start = tuple(read.prompts.compiled() for read in prompts[len(search.baseline) :] if read)
    readings = dict.fromkeys(line for read in prompts if read for line in read.reading)
    task = Task(
        source.classes,
        len(drawn.search),
        fits,
        search.description,
        start,
        tuple(label_of[image.class_id] for image in drawn.search),
        search.domain,
        search.feedback,
    )
    sizes = {"search": len(drawn.search), "select": len(drawn.select), "test": len(drawn.test)}
    spelled = spelling_note(config.model, model.name) if model else ()
    return ListedTask(task, sizes, (*_findings(source, drawn), *spelled, *readings))


def _findings(source: ImageSource, drawn: Splits) -> list[str]:
    """What the run's own report will say of the data, but for what only the bytes of the images tell."""
    report = DataReport(
        len(source.classes),
        {},
        drawn.unused,
        source.unreadable,
        unlabelled=source.unlabelled,
        ignored=source.ignored,
        notes=source.notes,
        warnings=source.warnings + drawn.warnings,
    )
    return report.findings()


def _dollars(
    price: Price | None, batch_price: Price | None, tokens: tuple[int, int], batched: tuple[int, int]
) -> float | None:
    """What prompt and completion tokens cost, if some of them go into batches."""
    if price is None:
        return None
    singly = price.cost(tokens[0] - batched[0], tokens[1] - batched[1])
    return round(singly + (batch_price or price).cost(*batched), 6)


def _seconds(texts: Sequence[str], model: ImageTextModel) -> float:
    few = list(texts[:: max(1, len(texts) // TIMED_TEXTS)][:TIMED_TEXTS])
    if not few:
        return 0.0
    model.encode_texts(few)  # the first call of a model is slower than the others
    began = time.perf_counter()
    model.encode_texts(few)
    return round((time.perf_counter() - began) * len(texts) / len(few), 1)
