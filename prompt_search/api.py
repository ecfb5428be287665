"""The library's front door."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluators import ImageTextModel
    from evaluators.embedding_store import StoredAs
    from evaluators.open_clip_model import Precision
    from optimizers import LanguageModel, Optimizer
    from prompt_search.prompt_files.by_class import Format
    from prompt_search.result import Result
    from prompt_search.run.budget import Budget
    from prompt_search.run.config import Feedback, StrategyChoice
    from prompt_search.run.progress import Observer

__all__ = ["optimize"]


def optimize(
    data: str | Path,
    *,
    model: "str | ImageTextModel" = "mini-clip",
    llm: "str | LanguageModel | Callable[[list[dict[str, str]]], str]" = "local",
    strategy: "str | Optimizer | Sequence[str | Optimizer]" = "ensemble-selection",
    description: str = "",
    domain: Sequence[str] = (),
    feedback: "Feedback" = "paper",
    captions: int = 0,
    base_to_new: bool = False,
    refit: bool = True,
    shots: int | None = None,
    select_shots: int | None = None,
    baseline: Sequence[str | Path] = (),
    start: Sequence[str | Path] = (),
    prompt_format: "Format | None" = None,
    fitness: str = "top1-fitted-ce",
    classes: str | Path | None = None,
    seed: int = 0,
    budget: "Budget | None" = None,
    price: tuple[float, float] | None = None,
    concurrency: int | None = None,
    use_cache: bool = True,
    out: str | Path | None = None,
    base_url: str | None = None,
    device: str = "auto",
    precision: "Precision" = "fp32",
    stored_as: "StoredAs" = "fp32",
    turn_by_exif: bool = False,
    verify: bool = False,
    cache_dir: str | Path | None = None,
    observer: "Observer | None" = None,
    track: Sequence[str] = (),
    thinking_tokens: int | None = None,
    max_useless: int | None = None,
) -> "Result":
    """Search for the prompts that classify labelled images best, and prove the gain on images not searched with.

    The same arguments and `out` continue a run that was interrupted, and give back one that is finished.

    Args:
        data: a folder with one subfolder of images per class, a Parquet file, or `photos`, `emoji` (bundled).
        model: `mini-clip` (bundled), any model of open_clip (`ViT-B-32/laion2b_e16`, `hf-hub:...`, `local-dir:...`), or
            an `ImageTextModel`.
        llm: `local`, `gguf:PATH`, `hf:PATH`, `openai/NAME`, any name of litellm (`anthropic/...`), a function from
            messages to text, or a `LanguageModel`.
        strategy: a strategy's name or instance, or several to run one after the other.
        description: one or two sentences about the images, for the language model.
        domain: words for the kind of images, e.g. `satellite photo`, to widen libraries of templates with.
        feedback: `paper` is each method's own; `confusions` tells the language model which classes are confused, too.
        captions: how many search images a multimodal language model is shown, for strategies that use captions.
        base_to_new: search with the first half of the classes, and report how the templates do on the others.
        refit: make the winner's last selection again with the select images too, where its strategy can.
        shots, select_shots: images per class to search with and to choose the winner with; at least 1.
        baseline: prompt files the winner is compared with; `FILE#DATASET` for one with several data sets.
        start: prompt files the search begins from.
        prompt_format: what texts by class in those files are, where it is not seen from them: `dclip` descriptors are
            joined with the class's name, `cupl` sentences are taken as they are.
        fitness: what the search maximises, see `evaluators.FITNESS_PRESETS`.
        classes: a JSON file with class names, `{"folder": "name"}`.
        seed: of splits, search and sampling.
        budget: limits of calls, tokens, money and time; at the first one reached the run ends properly with the best so
            far.
        price: of the language model, in dollars per million prompt and completion tokens, where it is not known.
        concurrency: the most calls to a server in flight (by default 32; fewer when it asks for that).
        use_cache: whether replies are taken from the cache and kept there; if not, they are kept in the run folder.
        out: the run folder; by default a folder under `runs/` named after the arguments.
        base_url: an OpenAI-compatible server.
        device: of the image-text model: `auto`, `cpu`, `cuda`, `cuda:N`.
        precision: of the image-text model: `fp32`, `bf16`, `fp16`.
        stored_as: how image features are kept; `fp16` halves the space and rounds them.
        turn_by_exif: turn pictures by their EXIF orientation; the default leaves them as open_clip does.
        verify: read every image file again, whatever its size and date.
        cache_dir: see `prompt_search.cache_dir`.
        observer: is shown the progress.
        thinking_tokens: added to the cap of every reply for a model that thinks before it answers; by default found out
            from its replies.
        max_useless: useless replies of the language model from the start that end the run with an error, 24 by default;
            four times as many in a row later on. 0 never ends it.
        track: trackers that are sent the run's figures, `mlflow` or `wandb`.

    Raises:
        PromptSearchError: see `prompt_search.errors`; each message says what to do.
    """
    from prompt_search.cache_dir import cache_dir as find_cache_dir
    from prompt_search.launch import launch
    from prompt_search.llm.choose import language_model
    from prompt_search.llm.prices import Price
    from prompt_search.run.config import OWN, RunConfig

    cache = find_cache_dir(cache_dir)
    language = language_model(llm, base_url=base_url, cache_dir=cache, concurrency=concurrency)
    several = list(strategy) if isinstance(strategy, Sequence) and not isinstance(strategy, str) else [strategy]
    chosen = [_named(each) for each in several]
    config = RunConfig(
        data=str(data),
        model=model if isinstance(model, str) else model.name,
        llm=llm if isinstance(llm, str) else OWN + language.name,
        base_url=base_url,
        strategies=tuple(choice for choice, _ in chosen),
        seed=seed,
        shots=shots,
        select_shots=select_shots,
        precision=precision,
        description=description,
        domain=tuple(domain),
        feedback=feedback,
        captions=captions,
        thinking_tokens=thinking_tokens,
        fitness=fitness,
        classes_file=str(classes) if classes else None,
        stored_as=stored_as,
        turn_by_exif=turn_by_exif,
        base_to_new=base_to_new,
        refit=refit,
        baseline=tuple(map(str, baseline)),
        start=tuple(map(str, start)),
        prompt_format=prompt_format,
    )
    return launch(
        config,
        Path(out) if out else None,
        strategies=[(choice.name, built) for choice, built in chosen],
        model=None if isinstance(model, str) else model,
        llm=language,
        device=device,
        budget=budget,
        price=Price(*price) if price else None,
        use_cache=use_cache,
        cache_dir=cache_dir,
        observer=observer,
        track=track,
        max_useless=max_useless,
        verify=verify,
    )


def _named(strategy: "str | Optimizer") -> "tuple[StrategyChoice, Optimizer]":
    """A strategy as it is written down, and built. One of your own is written down by its class's name."""
    from optimizers import STRATEGIES
    from prompt_search.run.config import OWN, StrategyChoice

    if isinstance(strategy, str):
        choice = StrategyChoice(strategy)
        return choice, choice.build()
    name = next((name for name, kind in STRATEGIES.items() if kind is type(strategy)), None)
    if name is None:
        return StrategyChoice(OWN + type(strategy).__name__), strategy
    values = ((f.name, getattr(strategy, f.name), f.default) for f in fields(strategy))  # type: ignore[arg-type]
    changed = tuple((key, _text(value)) for key, value, default in values if value != default)
    return StrategyChoice(name, changed), strategy


def _text(value: object) -> str:
    """A setting as the command line writes it."""
    return "\n".join(map(str, value)) if isinstance(value, tuple) else str(value)
