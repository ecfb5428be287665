"""What can be seen to be wrong before anything is spent.

With the arguments, before a model is loaded; with a model that does not know the classes, before a language model is
asked.
"""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from optimizers import Scored
from prompt_search.data.names.kept_classes import stated_classes
from prompt_search.data.presets.presets import preset_named
from prompt_search.data.sources.reading import Reading
from prompt_search.errors import SettingsError
from prompt_search.prompt_files.reading.read import open_prompts
from prompt_search.run.config import RunConfig
from prompt_search.run.inputs import fitness_named
from prompt_search.run.journal.events import BaselinesOnSelect
from prompt_search.run.journal.journal import Journal
from prompt_search.run.outcome.split_evaluators import SplitEvaluators
from prompt_search.testbed.bundled import check_data

__all__ = ["check_arguments", "check_files", "is_near_chance", "near_chance"]


LITTLE = 0.15
"""The share of the way from chance to perfect below which a model hardly knows the classes."""

FEW_TIMES = 3
"""And so many times chance it must be below: with a thousand classes 10 % is a lot."""


def is_near_chance(top1: float, classes: int) -> bool:
    """Whether an accuracy is little better than guessing among C classes.

    >>> is_near_chance(0.188, 14), is_near_chance(0.40, 14), is_near_chance(0.55, 2), is_near_chance(0.10, 1000)
    (True, False, True, False)
    """
    chance = 1 / classes
    return classes > 1 and top1 - chance < LITTLE * (1 - chance) and top1 < FEW_TIMES * chance


def near_chance(plain: Mapping[str, Scored], evaluators: SplitEvaluators, journal: Journal) -> str | None:
    """What to tell a person if the best plain prompts are near chance on search and select; `None` if they are not."""
    candidates = [entry.candidate for entry in plain.values()]

    def live() -> BaselinesOnSelect:
        return BaselinesOnSelect(scores=tuple(evaluators.select.score(candidates)))

    select = journal.event(BaselinesOnSelect, "", live).scores
    journal.expect("scores", holds=len(select) == len(candidates))
    shares = [
        ((entry.score.correct + other.correct) / (entry.score.n + other.n), name)
        for (name, entry), other in zip(plain.items(), select, strict=True)
    ]
    best, name = max(shares, key=lambda each: each[0])
    classes, n = len(candidates[0].compiled().classes), select[0].n + next(iter(plain.values())).score.n
    at_most = best + math.sqrt(max(best * (1 - best), 1 / (4 * n)) / n)
    if not is_near_chance(at_most, classes):  # a standard error more would not be: too few images to say so
        return None
    return (
        f"warning: this model does not know these classes: the best plain prompts ({name}) get {100 * best:.1f} % of "
        f"the {n} search and select images right, guessing among {classes} classes {100 / classes:.1f} %. Words "
        "can't show it what it never learnt: check the class names (classes.json), or take another model"
    )


def check_arguments(config: RunConfig, *, own_data: bool = False) -> None:
    """Refuse arguments of a run that name something that isn't there.

    Args:
        own_data: the images are an object.

    Raises:
        InputError: naming it.
    """
    if not config.data.source:
        raise SettingsError("a run needs images: name a folder, a file, hf:OWNER/NAME, or photos, emoji")
    fitness_named(config.search.fitness)
    check_files(
        None if own_data else config.data.source, config.data.reading(), (*config.search.baseline, *config.search.start)
    )


def check_files(data: str | None, reading: Reading, prompts: Iterable[str | Path]) -> None:
    """Refuse images that aren't there, and files that can't be read; whether they fit each other is seen later.

    Args:
        data: see `DataConfig.source`; None for an object.
        reading: how they are to be read.
        prompts: prompt files, each `FILE` or `FILE#DATASET`.

    Raises:
        DataError: for the images or the class names.
        PromptError: for a prompt file.
    """
    if data is not None:
        check_data(data)
    if reading.classes:
        stated_classes(reading.classes)
    if reading.preset:
        preset_named(reading.preset)
    reading.splits()
    for each in prompts:
        open_prompts(each)
