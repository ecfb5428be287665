"""Two prompt files on the same images: which is better, is that proven, and what changes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from evaluators import Candidate, Evaluator, ImageTextModel, LabeledImages, TextEncoder
from prompt_search.data import DataSplits
from prompt_search.data.sources.reading import Reading
from prompt_search.errors import DataError
from prompt_search.models import has_weights_of
from prompt_search.prompt_data import load_prompt_data, prompt_model, prompts_for
from prompt_search.prompt_files.prompts_json import PromptFile
from prompt_search.prompt_files.reading.by_class import Format
from prompt_search.prompt_files.reading.read import own_content
from prompt_search.report.statistics import PairedCounts, exact_p, paired_interval, shown_p
from prompt_search.run.plan.context import check_prompts, context_check
from prompt_search.run.plan.early_checks import check_files
from prompt_search.run.progress import Observer, Status, showing
from prompt_search.run.resources import Resources

__all__ = ["ClassChange", "Comparison", "Flip", "Split", "compare"]

Split = Literal["test", "select", "search"]
PROVEN = 0.05


@dataclass(frozen=True, slots=True)
class ClassChange:
    """A class: n images, and how many of them each file gets right."""

    id: str
    name: str
    n: int
    right_a: int
    right_b: int


@dataclass(frozen=True, slots=True)
class Flip:
    """An image that just one of the two gets right, with the ids of its class and of what each takes it for."""

    image: str
    label: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out.

    Attributes:
        a, b: the files.
        split: of the data.
        n: images.
        right_a, right_b: how many each gets right.
        counts: the images that just one gets right: b first.
        classes: in order of their ids.
        flips: in order of the images.
    """

    a: str
    b: str
    split: str
    n: int
    right_a: int
    right_b: int
    counts: PairedCounts
    classes: tuple[ClassChange, ...]
    flips: tuple[Flip, ...]

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of accuracy(b) - accuracy(a), in [-1, 1]."""
        return paired_interval(self.counts)

    @property
    def p(self) -> float:
        """Of the exact McNemar test: could the two be equally accurate?"""
        return exact_p(self.counts)

    def verdict(self) -> str:
        """Which is better, in one sentence."""
        gain, (low, high) = (self.right_b - self.right_a) / self.n, self.interval
        better = f"B is {100 * gain:.1f} points ahead" if gain > 0 else f"A is {-100 * gain:.1f} points ahead"
        told = "both get as many right" if gain == 0 else better
        proof = "proven" if self.p < PROVEN else "nothing is proven"
        return (
            f"On {self.n} {self.split} images {told}; B - A: 95 % interval {100 * low:+.1f} to {100 * high:+.1f}, "
            f"exact McNemar {shown_p(self.p)}: {proof}. B turns {self.counts.only_first} images right and "
            f"{self.counts.only_second} wrong."
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        of_test = {"interval_95": [round(x, 6) for x in self.interval], "p": self.p, "verdict": self.verdict()}
        listed = {"classes": [asdict(each) for each in self.classes], "flips": [asdict(each) for each in self.flips]}
        figures = {"n": self.n, "right_a": self.right_a, "right_b": self.right_b}
        only = {"only_b": self.counts.only_first, "only_a": self.counts.only_second}
        return {"a": self.a, "b": self.b, "split": self.split} | figures | only | of_test | listed


def compare(
    a: str | Path,
    b: str | Path,
    data: str | Path,
    *,
    model: str | ImageTextModel | None = None,
    split: Split = "test",
    reading: Reading | None = None,
    prompt_format: Format | None = None,
    resources: Resources | None = None,
) -> Comparison:
    """Compare two prompt files on the images of a split, which is that of the first file's run on its own data.

    Args:
        a, b: run folders, `prompts.json` files, or files of others, see `prompt_search.score`.
        data: see `DataConfig.source`.
        model: for both; by default each is used with the model it was found for, and files of others with that of `a`.
        split: which images; `search` and `select` are those a file may have been found with.

    Raises:
        InputError: if something can't be used.
    """
    used, how = resources or Resources(), reading or Reading()
    check_files(str(data), how, (a, b))
    with showing(used.observer):
        content_a, content_b = own_content(a), own_content(b)
        used.observer.update(Status(phase="loading the model"))
        model_a = prompt_model(content_a, model, used.devices, used.observer)
        model_b = _second_model(content_b, model, model_a, used)
        recorded = content_a.run if content_a else content_b.run if content_b else {}
        splits = load_prompt_data(recorded, str(data), model_a, how, used)
        others = splits if model_b is model_a else load_prompt_data(recorded, str(data), model_b, how, used)
        _check_same_images(splits, others, split)
        _tell(splits, {"A": content_a, "B": content_b}, used.observer)
        found_a = _answers(a, content_a, splits, split, model_a, prompt_format, used)
        found_b = _answers(b, content_b, others, split, model_b, prompt_format, used)
    return _compared(str(a), str(b), split, splits, found_a, found_b)


def _second_model(
    content: PromptFile | None, named: str | ImageTextModel | None, first: ImageTextModel, used: Resources
) -> ImageTextModel:
    """B's: the first's, unless B was found for another and none was named."""
    if named is None and content is not None and not has_weights_of(content.model, first):
        return prompt_model(content, None, used.devices, used.observer)
    return prompt_model(content, first, used.devices, used.observer)


def _check_same_images(splits: DataSplits, others: DataSplits, split: Split) -> None:
    """Near-duplicates are found by a model's features, so two models may divide the same images differently."""
    first, second = (getattr(each, split).image_ids for each in (splits, others))
    if first != second:
        raise DataError(
            f"the models of the two files divide these images differently ({split}: {len(first)} and {len(second)}), "
            "as near-duplicates are found by their features; name one model for both"
        )


def _tell(splits: DataSplits, contents: Mapping[str, PromptFile | None], observer: Observer) -> None:
    for line in splits.report.lines():
        observer.warn(line)
    for name, content in contents.items():
        if content is not None and content.run["data"]["fingerprint"] != splits.fingerprint:
            observer.warn(
                f"{name} was found on other images than these, or on these divided otherwise (seed, shots); in the "
                "second case it may have been found with some that it is compared on"
            )


def _answers(
    prompts: str | Path,
    content: PromptFile | None,
    splits: DataSplits,
    split: Split,
    model: ImageTextModel,
    stated: Format | None,
    used: Resources,
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Per image the index of the class it is taken for; a tie with its own class is no hit."""
    read = prompts_for(prompts, content, splits.classes, stated)
    for line in read.reading:
        used.observer.warn(line)
    check_prompts(read.prompts, context_check(model), str(prompts))
    used.observer.update(Status(phase="scoring"))
    return _predicted(read.prompts, getattr(splits, split), model, used)


def _predicted(
    prompts: Candidate, images: LabeledImages, model: ImageTextModel, used: Resources
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    evaluator = Evaluator(images, TextEncoder(model, used.cache))
    first: np.ndarray[tuple[int], np.dtype[np.int64]] = evaluator.predictions(prompts, 1).classes[:, 0]
    return first


def _compared(
    a: str,
    b: str,
    split: Split,
    splits: DataSplits,
    found_a: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    found_b: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> Comparison:
    images: LabeledImages = getattr(splits, split)
    labels, ids = images.labels, images.class_ids
    right_a, right_b = found_a == labels, found_b == labels
    counts = PairedCounts(len(labels), int((right_b & ~right_a).sum()), int((right_a & ~right_b).sum()))
    changes = [
        ClassChange(c.id, c.name, int(own.sum()), int(right_a[own].sum()), int(right_b[own].sum()))
        for c, own in ((c, labels == i) for i, c in enumerate(splits.classes))
    ]
    flips = [
        Flip(images.image_ids[i], ids[labels[i]], ids[found_a[i]], ids[found_b[i]])
        for i in np.flatnonzero(right_a != right_b)
    ]
    totals = int(right_a.sum()), int(right_b.sum())
    return Comparison(a, b, split, len(labels), *totals, counts, tuple(changes), tuple(flips))
