"""Scores prompts on images."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evaluators import Evaluator, ImageTextModel, Score, TextEncoder
from prompt_search.data.sources.objects import OwnData
from prompt_search.data.sources.reading import Reading
from prompt_search.model_names import spelling_note
from prompt_search.prompt_data import load_prompt_data, prompt_model, prompts_for
from prompt_search.prompt_files.reading.by_class import Format
from prompt_search.prompt_files.reading.read import own_content
from prompt_search.report.statistics import wilson_interval
from prompt_search.run.plan.context import check_prompts, context_check
from prompt_search.run.plan.early_checks import check_files
from prompt_search.run.progress import Status, showing
from prompt_search.run.resources import Resources

__all__ = ["ScoredFile", "score"]


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """A prompt file's scores.

    Attributes:
        splits: scores by split.
        same_data: whether these are the images (and splits) of the run that found the prompts; `None` if unknown.
        reading: what the file was taken for, line by line; nothing for a `prompts.json` of the same classes.
    """

    splits: Mapping[str, Score]
    same_data: bool | None
    reading: tuple[str, ...] = ()

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals of top-1 by split (Wilson), in [0, 1]."""
        return {name: wilson_interval(score.correct, score.n) for name, score in self.splits.items()}

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        intervals = {name: [round(x, 6) for x in pair] for name, pair in self.intervals().items()}
        return {
            "same_data": self.same_data,
            "reading": list(self.reading),
            "splits": {n: s.to_json() | {"top1_interval_95": intervals[n]} for n, s in self.splits.items()},
        }


def score(
    prompts: str | Path,
    data: object,
    *,
    model: str | ImageTextModel | None = None,
    classes: str | Path | None = None,
    reading: Reading | None = None,
    prompt_format: Format | None = None,
    resources: Resources | None = None,
) -> ScoredFile:
    """Score prompts on the three splits of a data set.

    A `prompts.json` brings its model, shots and seed, so on the images of its run the figures are those of the run.

    Args:
        prompts: a run folder, a `prompts.json`, a file of templates or texts by class, or `FILE#DATASET`.
        data: see `DataConfig.source`; or an object, see `OwnData`.
        model: by default the one that the prompts were found for.
        classes: see `DataConfig.classes`.
        reading: columns, splits and the like; `classes` beside it counts.
        prompt_format: what texts by class in a file are, where it is not seen from them.

    Raises:
        InputError: if the prompts, the images or the model can't be used, or their classes differ.
    """
    used = resources or Resources()
    own = None if isinstance(data, str | Path) else OwnData(data)
    how = reading or Reading()
    how = replace(how, classes=str(classes)) if classes else how
    check_files(None if own else str(data), how, (prompts,))
    with showing(used.observer):
        return _scored(prompts, own or str(data), model, how, prompt_format, used)


def _scored(
    prompts: str | Path,
    data: str | OwnData,
    model: str | ImageTextModel | None,
    how: Reading,
    prompt_format: Format | None,
    used: Resources,
) -> ScoredFile:
    shown = used.observer
    content = own_content(prompts)
    recorded = content.run if content else {}
    shown.update(Status(phase="loading the model"))
    encoder = prompt_model(content, model, used.devices, shown)
    splits = load_prompt_data(recorded, data, encoder, how, used)
    for line in (
        *splits.report.lines(),
        *spelling_note(model if isinstance(model, str) else encoder.name, encoder.name),
    ):
        shown.warn(line)
    read = prompts_for(prompts, content, splits.classes, prompt_format)
    for line in read.reading:
        shown.warn(line)
    check_prompts(read.prompts, context_check(encoder), str(prompts))
    shown.update(Status(phase="scoring"))
    texts = TextEncoder(encoder, used.cache)
    scores = {
        name: Evaluator(images, texts).score([read.prompts])[0]
        for name, images in (("search", splits.search), ("select", splits.select), ("test", splits.test))
    }
    same = recorded["data"]["fingerprint"] == splits.fingerprint if content else None
    if same is False:
        shown.warn("these are not the images the prompts were found on; the split names mean nothing here")
    return ScoredFile(scores, same, read.reading)
