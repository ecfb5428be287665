"""What the searches for templates say to the language model: hill climbing, GLOV, IPO, and what any of them may add."""

import json
from collections import Counter
from collections.abc import Sequence

from evaluators import ClassLabel, Score
from optimizers.language_model import Message, Picture
from optimizers.meta_prompts.as_data import LONGEST_DESCRIPTION, MATCHING, about_images, quoted
from optimizers.task import Task

__all__ = [
    "Ranked",
    "Remembered",
    "after_examples",
    "caption_turn",
    "glov_turns",
    "hill_climbing_turn",
    "ipo_turn",
    "mistakes",
    "outcome_turn",
]

EXAMPLES = 3
FOR_ONE = "Write a template that works well."


def after_examples(turns: Sequence[Message], best_first: Sequence[str]) -> tuple[Message, ...]:
    """A question behind the best templates known, the best last, as answers that the model gave before.

    What a template is, a small model learns from answers and not from what is said of them: with the lists alone it
    writes about templates. `python -m benchmarks.methods` has the figures.

    >>> asked = after_examples([Message("system", "Be brief."), Message("user", "Better?")], ["a photo of a {}."])
    >>> [turn.content for turn in asked]
    ['Be brief.', 'Write a template that works well.', '{"template": "a photo of a {}."}', 'Better?']
    """
    answers = [json.dumps({"template": template}, ensure_ascii=False) for template in best_first[:EXAMPLES][::-1]]
    exchanges = [each for answer in answers for each in (Message("user", FOR_ONE), Message("assistant", answer))]
    first = sum(turn.role == "system" for turn in turns)
    return (*turns[:first], *exchanges, *turns[first:])


TRAITS = {
    (True, True): " that keeps the traits of the good templates and avoids those of the bad ones",
    (True, False): " that keeps the traits of the good templates",
    (False, True): " that avoids the traits of the bad templates",
    (False, False): "",
}


def hill_climbing_turn(good: Sequence[str], bad: Sequence[str], description: str, mistakes: str = "") -> Message:
    """Two lists of templates, one that works and one that does not, and the request for a better one.

    Either list may be empty. Scores are left out: the model is to find the traits, not to copy the leader.
    """
    parts = [
        f"{MATCHING} {about_images(description)}",
        "These templates work well:\n" + "\n".join(good) if good else "",
        "These templates work badly:\n" + "\n".join(bad) if bad else "",
        mistakes,
        f"Write one new template of fewer than 15 words{TRAITS[bool(good), bool(bad)]}. It must contain {{}} exactly "
        "once and differ from all of the above. Reply with the template only.",
    ]
    return Message("user", "\n\n".join(part.strip() for part in parts if part))


def outcome_turn(before: float, after: float) -> str:
    """How the last proposal did against the best before it, accuracies in [0, 1], for a conversation."""
    verdict = "rose" if after > before else "fell" if after < before else "stayed the same"
    return f"With your template the accuracy {verdict}: {100 * before:.1f} % before, {100 * after:.1f} % now."


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
        "Write a new template with a higher accuracy than all of these. Use the description of the images and be "
        "creative: try words, styles and views that are not among these. Keep the {} exactly once. Reply with the "
        "template only.",
    ]
    return Message("system", SYSTEM), Message("user", "\n\n".join(part for part in parts if part))


def _listed(ranked: Sequence[Ranked]) -> str:
    return "\n".join(f"rank {rank}: {template} ({100 * top1:.1f} %)" for rank, template, top1 in ranked)


LONGEST_CAPTION = 200

Remembered = tuple[str, float, float]
"""A template, its accuracy in [0, 1], and its cross-entropy in nats."""


def ipo_turn(memory: Sequence[Remembered], captions: Sequence[str], task: Task, mistakes: str = "") -> Message:
    """The task, descriptions of sample images, the memory (ascending), and the request for something else.

    The aim comes before the memory and is no part of the request: small models take it for what to write about. So they
    do with IPO's tags, which the answers before the question do not have either (`after_examples`).
    """
    shown = "\n".join(quoted(caption, LONGEST_CAPTION) for caption in captions)
    parts = [
        f"{MATCHING} {about_images(task.description, task.classes)}",
        "A template contains {} exactly once. What is wanted is a higher accuracy and a lower loss.",
        f"What some of the images show:\n{shown}" if captions else "",
        "Templates that were tried, the best of them last, with their accuracy (higher is better) and loss (lower is "
        "better):\n\n" + "\n\n".join(map(_entry, memory)),
        mistakes,
        "Write a new template that is unlike all of these, concise, and fit for all classes: a few words about the "
        "image before {} or behind it. Reply with the template only.",
    ]
    return Message("user", "\n\n".join(part for part in parts if part))


def _entry(remembered: Remembered) -> str:
    template, top1, loss = remembered
    return f"template: {template}\naccuracy: {100 * top1:.1f} %\nloss: {loss:.3f}"


def caption_turn(picture: Picture, description: str) -> Message:
    """One sentence about one image."""
    described = quoted(description, LONGEST_DESCRIPTION) if description.strip() else ""
    about = f" The images as a whole are described as {described}." if described else ""
    return Message(
        "user", f"Describe this image in one sentence: what it shows, and what kind of picture it is.{about}", picture
    )


MOST = 5


def mistakes(score: Score, task: Task) -> str:
    """The most frequent confusions and the weakest classes of a candidate, with counts of search images.

    Empty unless the task's feedback is `confusions` and there are mistakes.
    """
    if task.feedback != "confusions" or not score.confusions:
        return ""
    confused = "\n".join(_confused(task.classes, confusion) for confusion in score.confusions[:MOST])
    weakest = "\n".join(_weak(task.classes[c], right, total) for c, right, total in _weakest(score)[:MOST])
    return (
        f"The best template so far gets {score.correct} of {score.n} images right.\n"
        f"Its most frequent mistakes:\n{confused}\nIts weakest classes:\n{weakest}"
    )


def _confused(classes: Sequence[ClassLabel], confusion: tuple[int, int, int]) -> str:
    label, prediction, images = confusion
    return f"{_images(images)} of {quoted(classes[label].name)} taken for {quoted(classes[prediction].name)}"


def _weak(label: ClassLabel, right: int, total: int) -> str:
    return f"{quoted(label.name)}: {right} of {_images(total)} right"


def _images(count: int) -> str:
    return f"{count} image{'s' if count != 1 else ''}"


def _weakest(score: Score) -> list[tuple[int, int, int]]:
    """(class, images right, images) of the classes with mistakes, the lowest recall first."""
    wrong: Counter[int] = Counter()
    for label, _, images in score.confusions:
        wrong[label] += images
    order = sorted(wrong, key=lambda c: (score.recall[c] or 0.0, c))
    totals = {c: round(wrong[c] / (1 - (score.recall[c] or 0.0))) for c in order}
    return [(c, totals[c] - wrong[c], totals[c]) for c in order]
