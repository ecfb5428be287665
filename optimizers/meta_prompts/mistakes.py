"""What the best candidate gets wrong, in numbers: an extra paragraph for any strategy's turn."""

from collections import Counter
from collections.abc import Sequence

from evaluators import ClassLabel, Score
from optimizers.meta_prompts.as_data import quoted
from optimizers.task import Task

__all__ = ["mistakes"]

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
