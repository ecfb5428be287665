"""Recalls of a population as its journal line has them: of each candidate what is different from the first.

A child that changes the texts of a few classes leaves most recalls as they are; of a thousand classes they would be the
largest part of a journal.
"""

from collections.abc import Sequence
from typing import Any

from evaluators import Score
from prompt_search.run.journal.json_shape import need

__all__ = ["read_recalls", "written_scores"]

CHANGES = "recall_changes"


def written_scores(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """The scores of a line as JSON values, where `recall_changes` stands for `recall` if a third of it changes at most.

    Its names are numbers of classes, in order.
    """
    return [each.to_json() for each in scores[:1]] + [_written(scores[0].recall, each) for each in scores[1:]]


def _written(first: Sequence[float | None], score: Score) -> dict[str, Any]:
    content = score.to_json()
    if len(score.recall) != len(first):
        return content
    changes = {str(c): own for c, (own, before) in enumerate(zip(score.recall, first, strict=True)) if own != before}
    if 3 * len(changes) > len(first):
        return content
    return {CHANGES if name == "recall" else name: part for name, part in (content | {"recall": changes}).items()}


def read_recalls(scores: object) -> object:
    """Give every score of a line its whole `recall`; what has another shape is left to the reader of scores.

    Raises:
        ShapeError: if changes are given for the first score, or are none of its classes in order.
    """
    if not isinstance(scores, list) or not all(isinstance(each, dict) for each in scores):
        return scores
    first = scores[0].get("recall") if scores else None
    return [
        _read(first, each, f"scores[{number}].{CHANGES}") if CHANGES in each else each
        for number, each in enumerate(scores)
    ]


def _read(first: object, score: dict[str, Any], place: str) -> dict[str, Any]:
    changes = score[CHANGES]
    need(place, "is no object", holds=isinstance(changes, dict))
    need(place, "has no first score whose recall it changes", holds=isinstance(first, list) and "recall" not in score)
    assert isinstance(first, list)
    recall = list(first)
    numbers = [int(name) if name.isascii() and name.isdecimal() and len(name) < 10 else -1 for name in changes]
    known = all(0 <= number < len(recall) for number in numbers) and list(map(str, numbers)) == list(changes)
    need(place, "is no change of classes of the first score, in order", holds=known and numbers == sorted(numbers))
    for number, own in zip(numbers, changes.values(), strict=True):
        recall[number] = own
    return {"recall" if name == CHANGES else name: part for name, part in (score | {CHANGES: recall}).items()}
