"""Reads everything the arguments of a run name, before anything is spent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from evaluators import ClassLabel, ImageTextModel, LabeledImages
from evaluators.nearest import nearest
from evaluators.scoring.fitness import FITNESS_PRESETS, Fitness
from evaluators.scoring.score import SCORES_VERSION
from optimizers import Optimizer, abilities
from prompt_search.cluster.engine_name import HERE
from prompt_search.cluster.ray_images import RayImages
from prompt_search.data import DataSplits, load_splits
from prompt_search.data.names.class_parts import ClassPart
from prompt_search.data.sources.objects import OwnData
from prompt_search.errors import SettingsError
from prompt_search.model_names import spelling_note
from prompt_search.models import backbone_warning
from prompt_search.prompt_files.reading.by_class import Format
from prompt_search.prompt_files.reading.read import ImportedPrompts, import_prompts, own_content
from prompt_search.report.result import YOURS
from prompt_search.run.config import RunConfig
from prompt_search.run.identity import identity_of
from prompt_search.run.job import Job
from prompt_search.run.journal.differences import Facts
from prompt_search.run.plan.context import check_class_names, check_prompts, context_check
from prompt_search.run.progress import Status
from prompt_search.run.resources import Resources
from prompt_search.testbed.bundled import data_path

__all__ = ["fitness_named", "load_data", "open_inputs", "read_own_prompts"]


def open_inputs(job: Job) -> tuple[Facts, Mapping[str, LabeledImages]]:
    """The images, encoded and split, and everything else a run starts from.

    Returns the facts, and the images by split: `search`, `select`, `test`, and `new` in a base-to-new run.

    Raises:
        InputError: if something can't be used.
    """
    config, model, llm = job.config, job.model, job.llm
    assert llm is not None
    fitness_named(config.search.fitness)
    halved = config.data.base_to_new
    data = load_data(config, model, job.resources, "base" if halved else "all", job.data)
    new = load_data(config, model, job.resources, "new", job.data) if halved else None
    sees = "vision" in abilities(llm)
    notes = (*data.report.lines(), *spelling_note(config.model, model.name))
    if config.search.captions and not sees:
        notes += (f"warning: {llm.name} can't look at images; the run goes on without captions",)
    for note in notes:
        job.resources.observer.warn(note)
    new_classes = new.classes if new else ()
    check_class_names((*data.classes, *new_classes), context_check(model), model.context_length)
    to_beat, to_start = (
        [read_own_prompts(path, data.classes, model, config.search.prompt_format) for path in paths]
        for paths in (config.search.baseline, config.search.start)
    )
    readings = tuple(dict.fromkeys(line for read in (*to_beat, *to_start) for line in read.reading))
    for line in readings:
        job.resources.observer.warn(line)
    baselines = {
        f"{YOURS}{name}": read.prompts for name, read in zip(_called(config.search.baseline), to_beat, strict=True)
    }
    start = tuple(read.prompts.compiled() for read in to_start)
    splits = {"search": data.search, "select": data.select, "test": data.test} | ({"new": new.test} if new else {})
    found = {
        "data": data.fingerprint,
        "data of new classes": new.fingerprint if new else None,
        "class names": [label.name for label in (*data.classes, *new_classes)],
        "model": [config.model, config.precision, *_products(config), model.fingerprint],
        "language model": llm.identity,
        "strategies": [[name, _settings(strategy)] for name, strategy in job.strategies],
        "captions": config.search.captions if sees else 0,
        "baselines": [prompts.fingerprint for prompts in baselines.values()],
        "start": [prompts.fingerprint for prompts in start],
        "scores": SCORES_VERSION,
    }
    facts = Facts(
        identity=identity_of(config, found),
        classes=data.classes,
        sizes={split: len(images) for split, images in splits.items()},
        labels=tuple(int(label) for label in data.search.labels),
        baselines=baselines,
        start=start,
        notes=notes + readings,
        new_classes=new_classes,
    )
    return facts, splits


def _products(config: RunConfig) -> list[str]:
    """Those that are no run's unless it is said: the first journals know of none."""
    return [] if config.products == "torch" else [f"products {config.products}"]


def _called(paths: Sequence[str]) -> list[str]:
    """Prompt files by name, or by path where two have one name."""
    names = [Path(path).name for path in paths]
    return [name if names.count(name) == 1 else path for name, path in zip(names, paths, strict=True)]


def load_data(
    config: RunConfig,
    model: ImageTextModel,
    resources: Resources,
    part: ClassPart = "all",
    data: OwnData | None = None,
) -> DataSplits:
    """The images of a run, or of a part of its classes.

    Args:
        data: an object in the place of the source that `config` names.

    Raises:
        DataError: if they can't be used.
    """

    stated = config.data
    work = RayImages(resources.engine) if resources.engine != HERE else None

    def shown(phase: str) -> Callable[[int, int], None]:
        status = Status(phase=phase)

        def on_progress(done: int, total: int) -> None:
            status.done, status.total = done, total
            status.by_worker = dict(work.by_worker) if work else {}
            resources.observer.update(status)

        return on_progress

    return load_splits(
        data or data_path(stated.source),
        model,
        cache_dir=resources.cache,
        reading=stated.reading(),
        shots=stated.shots,
        select_shots=stated.select_shots,
        seed=config.seed,
        on_progress=shown("encoding images"),
        on_reading=shown("reading images"),
        stored_as=stated.stored_as,
        turned=stated.turn_by_exif,
        alike=stated.near_duplicates,
        verify=resources.verify,
        part=part,
        work=work,
    )


def fitness_named(name: str) -> Fitness:
    """A fitness preset.

    Raises:
        SettingsError: if there is none of that name.
    """
    if name not in FITNESS_PRESETS:
        close = nearest(name, FITNESS_PRESETS)
        hint = f"did you mean {close!r}? there are" if close else "choose one of"
        raise SettingsError(f"there is no fitness {name!r}; {hint} {', '.join(FITNESS_PRESETS)}")
    return FITNESS_PRESETS[name]


def read_own_prompts(
    path: str, classes: tuple[ClassLabel, ...], model: ImageTextModel, stated: Format | None = None
) -> ImportedPrompts:
    """The prompts of a user's file, and how it was read; also that they were found for another model, if they were.

    Raises:
        PromptError: if they can't be used, or one is too long for the model.
    """
    read, content = import_prompts(path, classes, stated), own_content(path)
    check_prompts(read.prompts, context_check(model), path)
    wrong = backbone_warning(content.model, model) if content else None
    return ImportedPrompts(read.prompts, (*read.reading, f"{Path(path).name}: {wrong}")) if wrong else read


def _settings(strategy: Optimizer) -> dict[str, Any]:
    """What tells two strategies of one name apart."""
    return asdict(strategy) if is_dataclass(strategy) and not isinstance(strategy, type) else {}
