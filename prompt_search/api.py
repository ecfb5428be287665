"""The library's front door."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluators import ImageTextModel
    from optimizers import LanguageModel, Optimizer
    from prompt_search.report.result import Result
    from prompt_search.run.config import RunConfig, StrategyChoice
    from prompt_search.run.money.budget import Budget
    from prompt_search.run.resources import Resources

__all__ = ["optimize"]


def optimize(
    data: str | Path,
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
        data: a folder with one subfolder of images per class, a Parquet file, or `photos`, `emoji` (bundled).
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
    from prompt_search.llm.choose import given_model
    from prompt_search.run.config import OWN, RunConfig
    from prompt_search.run.run import Run

    own_model = None if model is None or isinstance(model, str) else model
    own_llm = None if llm is None or isinstance(llm, str) else given_model(llm)
    chosen = None if strategy is None else _chosen(strategy)
    given = {
        "source": str(data),
        "model": own_model.name if own_model else model,
        "name": OWN + own_llm.name if own_llm else llm,
        "strategies": tuple(choice for choice, _ in chosen) if chosen else None,
        "description": description,
        "seed": seed,
    }
    stated = (config or RunConfig()).having({name: value for name, value in given.items() if value is not None})
    named = [(choice.name, built) for choice, built in chosen] if chosen else None
    return Run(stated, out, resources=resources, strategies=named, model=own_model, llm=own_llm).execute(budget)


def _chosen(strategy: "str | Optimizer | Sequence[str | Optimizer]") -> "list[tuple[StrategyChoice, Optimizer]]":
    """Strategies as they are written down, and built."""
    from prompt_search.run.config import StrategyChoice

    several = list(strategy) if isinstance(strategy, Sequence) and not isinstance(strategy, str) else [strategy]
    choices = map(StrategyChoice.of, several)
    return [(each, each.build() if isinstance(s, str) else s) for each, s in zip(choices, several, strict=True)]
