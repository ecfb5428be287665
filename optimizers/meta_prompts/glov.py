"""GLOV's turns (Mirza et al. 2024): ranked lists with accuracies."""

from collections.abc import Sequence

from optimizers.language_model import Message
from optimizers.meta_prompts.as_data import about_images
from optimizers.task import Task

__all__ = ["Ranked", "glov_turns"]

Ranked = tuple[int, str, float]
"""A rank (1 is best), a template, and its accuracy in [0, 1]."""

SYSTEM = (
    "You help to find templates for zero-shot image classification. A vision-language model compares each image with "
    "short texts. The texts are made from a template, in which {} is replaced by the name of each class."
)


def glov_turns(best: Sequence[Ranked], worst: Sequence[Ranked], task: Task, mistakes: str = "") -> tuple[Message, ...]:
    """The best and the worst templates so far, each list ascending, and the request for a better one.

    A folder's name says little, so where the reference names the data set there are the first few classes.
    """
    parts = [
        about_images(task.description, task.classes),
        "The best templates so far, the best of them last:\n" + _listed(best),
        "The worst templates so far, the worst of them first:\n" + _listed(worst) if worst else "",
        mistakes,
        "Write a new template with a higher accuracy than all of these. Keep the {} exactly once. Reply with the "
        "template only.",
    ]
    return Message("system", SYSTEM), Message("user", "\n\n".join(part for part in parts if part))


def _listed(ranked: Sequence[Ranked]) -> str:
    return "\n".join(f"rank {rank}: {template} ({100 * top1:.1f} %)" for rank, template, top1 in ranked)
