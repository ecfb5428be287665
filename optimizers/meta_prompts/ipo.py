"""IPO's turn (Du et al. 2024): the memory with scores and losses, and what the images show."""

from collections.abc import Sequence

from optimizers.language_model import Message
from optimizers.meta_prompts.as_data import MATCHING, about_images, quoted
from optimizers.task import Task

__all__ = ["Remembered", "ipo_turn"]

LONGEST_CAPTION = 200

Remembered = tuple[str, float, float]
"""A template, its accuracy in [0, 1], and its cross-entropy in nats."""


def ipo_turn(memory: Sequence[Remembered], captions: Sequence[str], task: Task, mistakes: str = "") -> Message:
    """The task, descriptions of sample images, the memory (ascending), and the request for something else."""
    shown = "\n".join(quoted(caption, LONGEST_CAPTION) for caption in captions)
    parts = [
        f"{MATCHING} {about_images(task.description, task.classes)}",
        "A template contains {} exactly once.",
        f"What some of the images show:\n{shown}" if captions else "",
        "Templates that were tried, the best of them last, with their accuracy (higher is better) and loss (lower is "
        "better):\n\n" + "\n\n".join(map(_entry, memory)),
        mistakes,
        "Write a template that is unlike all of these and reaches a higher accuracy and a lower loss. It must be "
        "concise and general: it serves all classes. Put it between <INS> and </INS>.",
    ]
    return Message("user", "\n\n".join(part for part in parts if part))


def _entry(remembered: Remembered) -> str:
    template, top1, loss = remembered
    return f"template: {template}\naccuracy: {100 * top1:.1f} %\nloss: {loss:.3f}"
