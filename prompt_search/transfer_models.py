"""Prompts on other models than the one they were found for: are they still better than the plain template?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators import PHOTO_TEMPLATE, Evaluator, PromptSet, TextEncoder
from prompt_search.data.sources.reading import Reading
from prompt_search.errors import PromptError, SettingsError
from prompt_search.models import has_weights_of, load_model
from prompt_search.prompt_data import load_prompt_data, prompts_for
from prompt_search.prompt_files.reading.read import own_content
from prompt_search.report.statistics import PairedCounts, exact_p, holm, paired_interval
from prompt_search.run.plan.context import check_prompts, context_check
from prompt_search.run.plan.early_checks import check_files
from prompt_search.run.progress import Status, showing
from prompt_search.run.resources import Resources

__all__ = ["Transferred", "transfer"]


@dataclass(frozen=True, slots=True)
class Transferred:
    """The prompts on one model.

    Attributes:
        model: what it is called.
        own: whether the prompts were found for it.
        n: test images.
        plain, prompts: top-1 of "a photo of a {}." and of the prompts, in [0, 1].
        interval: 95 %, of the gain.
        p: exact McNemar, corrected for the number of models (Holm).
        refused: why the prompts can't be used on it, e.g. a text longer than its context; the figures are then NaN.
    """

    model: str
    own: bool
    n: int
    plain: float
    prompts: float
    interval: tuple[float, float]
    p: float
    refused: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        named = {"model": self.model, "found_for_it": self.own, "n": self.n}
        if self.refused:
            return named | {"refused": self.refused}
        figures = {"plain": round(self.plain, 6), "prompts": round(self.prompts, 6), "p_holm": self.p}
        return named | figures | {"interval_95": [round(x, 6) for x in self.interval]}


def transfer(
    prompts: str | Path,
    data: str | Path,
    models: Sequence[str],
    *,
    reading: Reading | None = None,
    resources: Resources | None = None,
) -> list[Transferred]:
    """Score prompts and the plain template on the test images, model by model.

    The test images are those of the prompts' run on its own data.

    Args:
        prompts: a run folder, a `prompts.json`, or a file of others.
        data: see `DataConfig.source`.
        models: at least one, by name; the one that the prompts were found for is a good first.

    Raises:
        InputError: if something can't be used.
    """
    if not models:
        raise SettingsError("name the models to try, with commas between them")
    used, how = resources or Resources(), reading or Reading()
    check_files(str(data), how, (prompts,))
    with showing(used.observer):
        rows = [_on(prompts, str(data), name, how, used) for name in models]
    usable = [row for row in rows if not row.refused]
    corrected = iter(holm([row.p for row in usable]))
    return [row if row.refused else _with_p(row, next(corrected)) for row in rows]


def _on(prompts: str | Path, data: str, name: str, how: Reading, used: Resources) -> Transferred:
    content = own_content(prompts)
    used.observer.update(Status(phase=f"loading {name}"))
    model = load_model(name, device=used.devices)
    splits = load_prompt_data(content.run if content else {}, data, model, how, used)
    own = content is not None and has_weights_of(content.model, model)
    read = prompts_for(prompts, content, splits.classes)
    try:
        check_prompts(read.prompts, context_check(model), str(prompts))
    except PromptError as error:
        nan = float("nan")
        return Transferred(model.name, own, len(splits.test), nan, nan, (nan, nan), nan, str(error))
    used.observer.update(Status(phase="scoring"))
    evaluator = Evaluator(splits.test, TextEncoder(model, used.cache))
    plain = PromptSet.of(splits.classes, [PHOTO_TEMPLATE])
    before, after = (evaluator.label_ranks(each) == 0 for each in (plain, read.prompts))
    counts = PairedCounts(len(before), int((after & ~before).sum()), int((before & ~after).sum()))
    figures = float(before.mean()), float(after.mean())
    return Transferred(model.name, own, counts.n, *figures, paired_interval(counts), exact_p(counts))


def _with_p(row: Transferred, p: float) -> Transferred:
    return Transferred(row.model, row.own, row.n, row.plain, row.prompts, row.interval, p)
