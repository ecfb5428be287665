"""The library's front door."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluators import ImageTextModel
    from optimizers import LanguageModel, Optimizer
    from prompt_search.data.sources.features import Features
    from prompt_search.report.result import Result
    from prompt_search.run.config import RunConfig
    from prompt_search.run.money.budget import Budget
    from prompt_search.run.resources import Resources

__all__ = ["optimize"]


def optimize(
    data: "str | Path | Features | Sequence[Any] | Mapping[str, Any]",
    *,
    model: "str | ImageTextModel | None" = None,
    llm: "str | LanguageModel | Callable[[list[dict[str, str]]], str] | None" = None,
    strategy: "str | Optimizer | Sequence[str | Optimizer] | None" = None,
    description: str | None = None,
    budget: "Budget | None" = None,
    out: str | Path | None = None,
    seed: int | None = None,
    config: "RunConfig | None" = None,
    resources: "Resources | None" = None,
) -> "Result":
    """Search for the prompts that classify labelled images best, and prove the gain on images not searched with.

    The same arguments and `out` continue a run that was interrupted, and give back one that is finished. For more than
    this (a plan, a replay, how far it is) see `prompt_search.Run`.

    Args:
        data: images in class folders, a file or a name, see `docs/data.md`; `photos`, `emoji` (bundled); or an object:
            a torch Dataset or any sequence of (picture, label), a `datasets.Dataset`, `Features`, or these by split.
        model: `mini-clip` (bundled), any model of open_clip (`ViT-B-32/laion2b_e16`, `hf-hub:...`, `local-dir:...`), or
            an `ImageTextModel`.
        llm: `local`, `gguf:PATH`, `hf:PATH`, `openai/NAME`, any name of litellm (`anthropic/...`), a function from
            messages to text, or a `LanguageModel`.
        strategy: a strategy's name or instance, or several to run one after the other.
        description: one or two sentences about the images, for the language model.
        budget: limits of calls, tokens, money and time; at the first one reached the run ends properly with the best so
            far.
        out: the run folder; by default a folder under `runs/` named after the arguments.
        seed: of splits, search and sampling.
        config: everything else, e.g. `RunConfig.of(shots=16, refit=False)`; what is given here beside it counts.
        resources: device, caches, trackers, and who is shown the progress.

    Raises:
        PromptSearchError: see `prompt_search.errors`; each message says what to do.
    """
    from prompt_search.errors import SettingsError
    from prompt_search.run.config import RunConfig
    from prompt_search.run.run import Run

    if config is not None and not isinstance(config, RunConfig):
        raise SettingsError(f"config is a RunConfig, e.g. RunConfig.of(shots=16), got {config!r}")
    named = isinstance(data, str | PurePath)
    given = {
        "source": str(data) if named else None,
        "model": model if isinstance(model, str) else None,
        "name": llm if isinstance(llm, str) else None,
        "description": description,
        "seed": seed,
    }
    stated = (config or RunConfig()).having({name: value for name, value in given.items() if value is not None})
    several: Sequence[str | Optimizer] | None = None
    if strategy is not None:
        several = list(strategy) if isinstance(strategy, Sequence) and not isinstance(strategy, str) else [strategy]
    return Run(
        stated,
        out,
        resources=resources,
        strategies=several,
        model=None if isinstance(model, str) else model,
        llm=None if isinstance(llm, str) else llm,
        data=None if named else data,
    ).execute(budget)
