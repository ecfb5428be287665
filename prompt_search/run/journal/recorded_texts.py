"""The texts of candidates as a journal has them: each once, in the line that first needs it, then by its number."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

from evaluators import Candidate, Score
from prompt_search.run.journal.events import ScoredCandidates
from prompt_search.run.journal.json_shape import need

__all__ = ["RecordedTexts"]


class RecordedTexts:
    """What the lines of a journal have told so far of texts and lists of texts; void lines tell nothing.

    The children of a population share most of their lists, and new lists are made of known texts.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._lists: dict[str, tuple[str, ...]] = {}

    def record(self, candidates: Sequence[Candidate], scores: Sequence[Score]) -> ScoredCandidates:
        """The event for scored candidates, with the texts and lists that no line before it has."""
        lists: dict[str, tuple[str, ...]] = {}
        contents = [_by_reference(candidate, lists) for candidate in candidates]
        unknown = {name: texts for name, texts in lists.items() if name not in self._lists}
        new = list(dict.fromkeys(text for texts in unknown.values() for text in texts if text not in self._numbers))
        numbers = dict(zip(new, range(len(self._texts), len(self._texts) + len(new)), strict=True))
        numbers |= {text: self._numbers[text] for texts in unknown.values() for text in texts if text not in numbers}
        steps = {name: _steps([numbers[text] for text in texts]) for name, texts in unknown.items()}
        return ScoredCandidates.of(contents, steps, new, scores)

    def learn(self, event: ScoredCandidates) -> None:
        """Take in a line, those before it in order.

        Raises:
            ShapeError: if it names a text or a list that no line brought.
        """
        known = len(self._texts) + len(event.texts)
        lists = {name: tuple(accumulate(steps)) for name, steps in event.lists.items()}
        told = all(0 <= number < known for numbers in lists.values() for number in numbers)
        need("lists", "has the number of a text that no line brought", holds=told)
        named = {name for each in event.candidates for name in _lists_of(each)} - event.lists.keys()
        need("candidates", "names a list that no line brought", holds=named <= self._lists.keys())
        self._numbers.update(zip(event.texts, range(len(self._texts), known), strict=True))
        self._texts.extend(event.texts)
        for name, each in lists.items():
            self._lists[name] = tuple(self._texts[number] for number in each)

    def content(self, event: ScoredCandidates, number: int) -> dict[str, Any]:
        """A candidate of a line that was learnt: its `to_json`, without the classes."""
        content = event.content(number)
        return content | {"texts": {label: list(self._lists[name]) for label, name in content["texts"].items()}}


def _lists_of(candidate: Mapping[str, Any]) -> list[str]:
    named: Mapping[str, str | None] = candidate["texts"] if "texts" in candidate else candidate["changes"]
    return [name for name in named.values() if name is not None]


def _steps(numbers: Sequence[int]) -> tuple[int, ...]:
    """How far each is after the one before it, the first after 0: most texts come in the order of their numbers."""
    return tuple(number - before for before, number in pairwise([0, *numbers]))


def _by_reference(candidate: Candidate, lists: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """A candidate for the journal: its lists of texts go to `lists`, once each, and are named by their digests."""
    content = candidate.to_json()

    def named(texts: list[str]) -> str:
        own = tuple(texts)
        reference = _reference(own)
        lists[reference] = own
        return reference

    content["texts"] = {i: named(own) for i, own in content["texts"].items()}
    return {name: part for name, part in content.items() if name != "classes"}


@lru_cache(2**14)
def _reference(texts: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
