"""What a strategy may know of the job, and what it says it will cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from evaluators import ClassLabel, PromptSet, fill

__all__ = ["Plan", "Task"]


@dataclass(frozen=True, slots=True)
class Task:
    """The job as a strategy sees it: nothing of the select or test split.

    Attributes:
        classes: C classes in order of their ids.
        n_search: how many images a candidate is scored on.
        fits: whether a text is within the model's context length.
        description: the user's one or two sentences about the images, or empty.
        start: the user's own prompts to begin from.
        labels: the label of every search image, an index into `classes`; for strategies that may use labels.
        domain: the user's words for the kind of images, e.g. `satellite photo`.
        feedback: `paper` for each method's own feedback to the language model, `confusions` to add the classes that are
            confused most and those that do worst.
    """

    classes: tuple[ClassLabel, ...]
    n_search: int
    fits: Callable[[str], bool]
    description: str = ""
    start: tuple[PromptSet, ...] = ()
    labels: tuple[int, ...] = ()
    domain: tuple[str, ...] = ()
    feedback: Literal["paper", "confusions"] = "paper"

    def template_fits(self, template: str) -> bool:
        """Whether a template is within the model's context length for every class."""
        return all(self.fits(fill(template, label.name)) for label in self.classes)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a strategy will do at most: language model calls, and candidates scored."""

    llm_calls: int
    evaluations: int
