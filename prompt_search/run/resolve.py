"""Reads everything the arguments of a run name, before anything is spent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from evaluators import ClassLabel, ImageTextModel, LabeledImages
from evaluators.fitness import FITNESS_PRESETS, Fitness
from optimizers import LanguageModel, Optimizer, abilities
from prompt_search.bundled import data_path
from prompt_search.data import DataSplits, load_splits
from prompt_search.data.class_parts import ClassPart
from prompt_search.errors import SettingsError
from prompt_search.llm.prices import Price
from prompt_search.model_names import spelling_note
from prompt_search.prompt_files.by_class import Format
from prompt_search.prompt_files.read import ImportedPrompts, import_prompts
from prompt_search.result import OWN
from prompt_search.run.budget import Budget
from prompt_search.run.config import RunConfig
from prompt_search.run.context import check_class_names, check_prompts, context_check
from prompt_search.run.facts import Facts
from prompt_search.run.metered import Clock
from prompt_search.run.progress import Observer, Silent, Status
from prompt_search.run.usefulness import ENOUGH

__all__ = ["NamedStrategy", "Surroundings", "fitness_named", "load_data", "read_own_prompts", "resolve"]

NamedStrategy = tuple[str, Optimizer]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run works with, and what does not change what it is.

    Attributes:
        cache_dir: embeddings and the index of images.
        budget: limits; raising one reopens a run that it had ended.
        price: of the language model, if it is known.
        clock: when the run was started.
        observer: is shown the progress.
        verify: read every image file again.
        confirm: asks a person whether to go on; by default the answer is yes.
        max_useless: useless replies of the language model from the start that end the run with an error; 0 for never.
    """

    cache_dir: Path
    budget: Budget = field(default_factory=Budget)
    price: Price | None = None
    clock: Clock = field(default_factory=Clock)
    observer: Observer = field(default_factory=Silent)
    verify: bool = False
    confirm: Callable[[str], bool] = lambda question: True
    max_useless: int = ENOUGH


def resolve(
    config: RunConfig,
    strategies: Sequence[NamedStrategy],
    model: ImageTextModel,
    llm: LanguageModel,
    surroundings: Surroundings,
) -> tuple[Facts, Mapping[str, LabeledImages]]:
    """The images, encoded and split, and everything else a run starts from.

    Returns the facts, and the images by split: `search`, `select`, `test`, and `new` in a base-to-new run.

    Raises:
        InputError: if something can't be used.
    """
    fitness_named(config.fitness)
    data = load_data(config, model, surroundings, "base" if config.base_to_new else "all")
    new = load_data(config, model, surroundings, "new") if config.base_to_new else None
    notes = (*data.report.lines(), *spelling_note(config.model, model.name))
    if config.captions and "vision" not in abilities(llm):
        notes += (f"warning: {llm.name} can't look at images; the run goes on without captions",)
    for note in notes:
        surroundings.observer.warn(note)
    new_classes = new.classes if new else ()
    check_class_names((*data.classes, *new_classes), context_check(model), model.context_length)
    names = [Path(path).name for path in config.baseline]
    called = [name if names.count(name) == 1 else path for name, path in zip(names, config.baseline, strict=True)]
    to_beat, to_start = (
        [read_own_prompts(path, data.classes, model, config.prompt_format) for path in paths]
        for paths in (config.baseline, config.start)
    )
    readings = tuple(dict.fromkeys(line for read in (*to_beat, *to_start) for line in read.reading))
    for line in readings:
        surroundings.observer.warn(line)
    baselines = {f"{OWN}{name}": read.prompts for name, read in zip(called, to_beat, strict=True)}
    start = tuple(read.prompts.compiled() for read in to_start)
    splits = {"search": data.search, "select": data.select, "test": data.test} | ({"new": new.test} if new else {})
    facts = Facts(
        identity={
            "data": data.fingerprint,
            "data of new classes": new.fingerprint if new else None,
            "class names": [label.name for label in (*data.classes, *new_classes)],
            "model": [config.model, config.precision, model.fingerprint],
            "language model": llm.identity,
            "strategies": [[name, _settings(strategy)] for name, strategy in strategies],
            "captions": config.captions if "vision" in abilities(llm) else 0,
            **{
                name: getattr(config, name)
                for name in (
                    "seed",
                    "fitness",
                    "description",
                    "feedback",
                    "base_to_new",
                    "stored_as",
                    "turn_by_exif",
                    "refit",
                    "thinking_tokens",
                )
            },
            "domain": list(config.domain),
            "baselines": [prompts.fingerprint for prompts in baselines.values()],
            "start": [prompts.fingerprint for prompts in start],
        },
        classes=data.classes,
        sizes={split: len(images) for split, images in splits.items()},
        labels=tuple(int(label) for label in data.search.labels),
        baselines=baselines,
        start=start,
        notes=notes + readings,
        new_classes=new_classes,
    )
    return facts, splits


def load_data(
    config: RunConfig, model: ImageTextModel, surroundings: Surroundings, part: ClassPart = "all"
) -> DataSplits:
    """The images of a run, or of a part of its classes.

    Raises:
        DataError: if they can't be used.
    """

    def shown(phase: str) -> Callable[[int, int], None]:
        status = Status(phase=phase)

        def on_progress(done: int, total: int) -> None:
            status.done, status.total = done, total
            surroundings.observer.update(status)

        return on_progress

    return load_splits(
        data_path(config.data),
        model,
        cache_dir=surroundings.cache_dir,
        classes_file=Path(config.classes_file) if config.classes_file else None,
        shots=config.shots,
        select_shots=config.select_shots,
        seed=config.seed,
        on_progress=shown("encoding images"),
        on_reading=shown("reading images"),
        stored_as=config.stored_as,
        turned=config.turn_by_exif,
        verify=surroundings.verify,
        part=part,
    )


def fitness_named(name: str) -> Fitness:
    """A fitness preset.

    Raises:
        SettingsError: if there is none of that name.
    """
    if name not in FITNESS_PRESETS:
        raise SettingsError(f"there is no fitness {name!r}; choose one of {', '.join(FITNESS_PRESETS)}")
    return FITNESS_PRESETS[name]


def read_own_prompts(
    path: str, classes: tuple[ClassLabel, ...], model: ImageTextModel, stated: Format | None = None
) -> ImportedPrompts:
    """The prompts of a user's file, and how it was read.

    Raises:
        PromptError: if they can't be used, or one is too long for the model.
    """
    read = import_prompts(path, classes, stated)
    check_prompts(read.prompts, context_check(model), path)
    return read


def _settings(strategy: Optimizer) -> dict[str, Any]:
    return asdict(strategy) if is_dataclass(strategy) and not isinstance(strategy, type) else {}
