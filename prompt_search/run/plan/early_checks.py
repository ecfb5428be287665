"""What can be seen to be wrong with arguments before a model is loaded, which takes many seconds."""

from collections.abc import Iterable
from pathlib import Path

from prompt_search.data.names.class_names import ids_named
from prompt_search.errors import SettingsError
from prompt_search.prompt_files.reading.read import open_prompts
from prompt_search.run.config import RunConfig
from prompt_search.run.inputs import fitness_named
from prompt_search.testbed.bundled import check_data

__all__ = ["check_arguments", "check_files"]


def check_arguments(config: RunConfig) -> None:
    """Refuse arguments of a run that name something that isn't there.

    Raises:
        InputError: naming it.
    """
    if not config.data.source:
        raise SettingsError("a run needs images: name a folder, a .parquet file, or photos, emoji")
    fitness_named(config.search.fitness)
    check_files(config.data.source, config.data.classes, (*config.search.baseline, *config.search.start))


def check_files(data: str, classes_file: str | Path | None, prompts: Iterable[str | Path]) -> None:
    """Refuse images that aren't there, and files that can't be read; whether they fit each other is seen later.

    Args:
        data: see `DataConfig.source`.
        classes_file: of class names.
        prompts: prompt files, each `FILE` or `FILE#DATASET`.

    Raises:
        DataError: for the images or the class names.
        PromptError: for a prompt file.
    """
    check_data(data)
    if classes_file:
        ids_named(Path(classes_file))
    for each in prompts:
        open_prompts(each)
