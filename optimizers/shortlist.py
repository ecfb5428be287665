"""Different candidates for a shortlist: what one image split likes best is often one candidate in many spellings."""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from evaluators import Candidate

__all__ = ["different", "texts_alike", "words_alike"]

T = TypeVar("T")

WORD = re.compile(r"[^\W_]+")
SAME_WORDS = 0.6
"""Templates that have so many of their words in common (intersection over union) count as one."""

SAME_TEXTS = 0.8
"""Candidates that have so many of their texts in common count as one; a text counts once for each class that has it."""


def different(ranked: Iterable[T], alike: Callable[[T, T], bool], most: int) -> list[T]:
    """Of things in order the first that are not like one before them, `most` at most.

    >>> different([1, 2, 11, 12, 30], lambda a, b: abs(a - b) < 5, most=2)
    [1, 11]
    """
    chosen: list[T] = []
    for each in ranked:
        if len(chosen) == most:
            break
        if not any(alike(each, before) for before in chosen):
            chosen.append(each)
    return chosen


def words_alike(one: str, other: str) -> bool:
    """Whether two templates are nearly the same.

    >>> words_alike("a bad photo of a {}.", "a good photo of a {}."), words_alike("a photo of a {}.", "art of the {}.")
    (True, False)
    """
    return _overlap({*WORD.findall(one.lower())}, {*WORD.findall(other.lower())}) >= SAME_WORDS


def texts_alike(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates have nearly the same texts, class by class; they have as many classes."""
    mine, others = one.compiled(), other.compiled()
    filled_alike = (mine.classes, mine.templates) == (others.classes, others.templates)
    in_both = in_one = 0
    for c, (own, theirs) in enumerate(zip(mine.texts, others.texts, strict=True)):
        left = mine.render(c)
        same = filled_alike and own == theirs
        right = left if same else others.render(c)
        common = len(left) if same else len({*left} & {*right})
        in_both += common
        in_one += len(left) + len(right) - common
    return in_both / max(in_one, 1) >= SAME_TEXTS


def _overlap(one: set[T], other: set[T]) -> float:
    """Intersection over union; 0 for two empty sets."""
    return len(one & other) / max(len(one | other), 1)
