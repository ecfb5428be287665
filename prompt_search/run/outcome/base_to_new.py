"""How well templates found on half of the classes do on the other half, which the search knew nothing of."""

from collections.abc import Callable, Sequence

from evaluators import ClassLabel, Evaluator, PromptSet
from prompt_search.report.result import Row, Transfer
from prompt_search.run.journal.events import NewClasses
from prompt_search.run.journal.journal import Journal

__all__ = ["transfers"]


def transfers(
    rows: Sequence[Row], classes: Sequence[ClassLabel], new: Callable[[], Evaluator], journal: Journal
) -> tuple[Transfer, ...]:
    """Top-1 on the new classes' test images of the winner and every baseline that consists of templates.

    Texts of classes can't be carried over, so rows that have some are left out.

    Args:
        rows: of the base classes, the winner first.
        classes: the new classes.
        new: the evaluator of their test images; called only if there is no record.
    """
    shared = [
        row
        for row in rows
        if row.role not in ("placebo", "adapter") and isinstance(row.candidate, PromptSet) and row.candidate.shared_only
    ]
    sets = [PromptSet.of(classes, row.candidate.templates) for row in shared if isinstance(row.candidate, PromptSet)]

    def score() -> NewClasses:
        return NewClasses(scores=tuple(new().score(sets)))

    key = ", ".join(candidate.fingerprint[:8] for candidate in sets)
    scores = journal.event(NewClasses, key, score).scores
    journal.expect("scores", holds=len(scores) == len(sets))
    return tuple(Transfer(row.name, row.test.top1, score.top1) for row, score in zip(shared, scores, strict=True))
