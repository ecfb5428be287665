"""What a prompt file is used with: its model, its prompts for the classes at hand, and images split as in its run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluators import ClassLabel, Evaluator, ImageTextModel, TextEncoder
from prompt_search.data import DataSplits
from prompt_search.data.sources.objects import OwnData
from prompt_search.data.sources.reading import Reading
from prompt_search.models import backbone_warning, load_model, load_prompt_model
from prompt_search.prompt_files.prompts_json import PromptFile
from prompt_search.prompt_files.reading.by_class import Format
from prompt_search.prompt_files.reading.read import ImportedPrompts, import_prompts
from prompt_search.run.config import OWN, READING, DataConfig, RunConfig
from prompt_search.run.inputs import load_data
from prompt_search.run.progress import Observer
from prompt_search.run.resources import Resources

__all__ = ["load_prompt_data", "prompt_evaluator", "prompt_model", "prompts_for"]


def prompt_model(
    content: PromptFile | None, model: str | ImageTextModel | None, device: Sequence[str], observer: Observer
) -> ImageTextModel:
    """The model to use: the one that is named, or the file's own, or the bundled one.

    A person is warned of another one than the file's.

    Raises:
        ModelError: if it can't be loaded, or none is named and the file's own has other weights here.
    """
    if content is None or model is not None:
        loaded = load_model(model or "mini-clip", device=device) if model is None or isinstance(model, str) else model
        if content is not None and (wrong := backbone_warning(content.model, loaded)):
            observer.warn(wrong)
        return loaded
    return load_prompt_model(content.model, device=device)


def prompts_for(
    prompts: str | Path, content: PromptFile | None, classes: Sequence[ClassLabel], stated: Format | None = None
) -> ImportedPrompts:
    """The prompts of a file for the classes of some data, see `import_prompts`; of the same classes as they are.

    Raises:
        PromptError: if they are not for these classes.
    """
    same = content is not None and [c.id for c in content.prompts.classes] == [c.id for c in classes]
    return ImportedPrompts(content.prompts) if content and same else import_prompts(prompts, classes, stated)


def load_prompt_data(
    recorded: Mapping[str, Any], data: str | OwnData, model: ImageTextModel, how: Reading, used: Resources
) -> DataSplits:
    """The three splits of a data set; on the images of its run those of the run.

    Args:
        recorded: what a prompt file says of its run: shots, seed and the like; empty if there is none.
        data: a name (see `DataConfig.source`) or an object.
        how: how it is read; pictures are decoded as in the run if it says nothing of that.

    Raises:
        DataError: if they can't be used.
    """
    own = data if isinstance(data, OwnData) else None
    stated = DataConfig(
        source=data if isinstance(data, str) else f"{OWN}{data.name}",
        shots=recorded.get("shots"),
        select_shots=recorded.get("select_shots"),
        stored_as=recorded.get("stored_as", "fp32"),
        turn_by_exif=recorded.get("turn_by_exif", False),
        near_duplicates=recorded.get("near_duplicates", 1.0),
        base_to_new=recorded.get("base_to_new", False),
        **{name: getattr(how, name) for name in READING - {"decode"}},
        decode=how.decode or recorded.get("decode", "exact"),
    )
    config = RunConfig(data=stated, seed=recorded.get("seed", 0))
    return load_data(config, model, used, "base" if stated.base_to_new else "all", own)


def prompt_evaluator(content: PromptFile, data: str, model: ImageTextModel, used: Resources) -> Evaluator:
    """Scores prompts of a file's classes on the test images of a data set.

    Raises:
        InputError: if the images can't be used.
    """
    splits = load_prompt_data(content.run, data, model, Reading(), used)
    return Evaluator(splits.test, TextEncoder(model, used.cache))
