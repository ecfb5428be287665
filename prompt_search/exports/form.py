"""What a form of export is, and what it is made from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators import ClassLabel, ImageTextModel, PromptSet
from evaluators.models.image_text_model import FloatArray
from prompt_search.prompt_files.prompts_json import PromptFile

__all__ = ["Files", "Folded", "MatrixForm", "TextForm", "Told"]

Files = Mapping[str, bytes]
"""What is written: content by file name, which may have folders in it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person says beside the prompts.

    Attributes:
        dataset: what the consumer calls the data set, where its files are keyed by data set.
    """

    dataset: str


@dataclass(frozen=True, slots=True)
class TextForm:
    """A form made of the prompts alone: no model is loaded for it.

    Attributes:
        summary: what it is for, in a few words.
        make: the files.
    """

    summary: str
    make: Callable[[PromptFile, Told], Files]


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """The prompts (or a probe) as one matrix, with the model that they are for.

    Attributes:
        classes: C classes in order of their ids.
        weight: [D, C] float32; unit columns, but for a probe.
        logit_scale: s in `softmax(s * cosine)`: the calibrated one where it was measured, or else the model's.
        calibrated: whether it is the calibrated one.
        described: what the prompt file says of the model.
        model: loaded.
        content: the prompt file; `None` for a probe.
        told: see `Told`.
        warn: tells a person what the form loses.
        top1: of several prompt sets, in [0, 1], on the test images of the data that was given; `None` if none was.
    """

    classes: tuple[ClassLabel, ...]
    weight: FloatArray
    logit_scale: float
    calibrated: bool
    described: Mapping[str, Any]
    model: ImageTextModel
    content: PromptFile | None
    told: Told
    warn: Callable[[str], None]
    top1: Callable[[Sequence[PromptSet]], list[float]] | None = None


@dataclass(frozen=True, slots=True)
class MatrixForm:
    """A form that a model is loaded for.

    Attributes:
        summary: what it is for, in a few words.
        make: the files.
        check: refuses prompts that the form has no place for, before a model is loaded.
        holds_probe: whether a linear probe can be written so, too.
    """

    summary: str
    make: Callable[[Folded], Files]
    check: Callable[[PromptFile, Told], None] = lambda content, told: None
    holds_probe: bool = False
