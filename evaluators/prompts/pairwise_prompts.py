"""Pairwise prompts: texts that tell two classes apart, for the classes an image is torn between (FuDD)."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from evaluators.errors import PromptError
from evaluators.prompts.prompt_set import ClassLabel, PromptSet, check_encodable

__all__ = ["Candidate", "ClassPair", "Difference", "PairwisePrompts", "candidate_from_json"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A visual attribute in which two classes differ, with one caption for each."""

    attribute: str
    first: str
    second: str

    def __post_init__(self) -> None:
        for text in (self.attribute, self.first, self.second):
            check_encodable(text)
        if not self.first.strip() or not self.second.strip():
            raise PromptError(f"the attribute {self.attribute[:80]!r} needs a caption for each of the two classes")


@dataclass(frozen=True, slots=True)
class ClassPair:
    """Two classes, by id, and what tells them apart.

    Attributes:
        first, second: class ids, `first < second`; `ClassPair.of` takes them in any order.
        differences: at least one.
        images: how many search images had both classes among their K best: how often the pair is confused.
    """

    first: str
    second: str
    differences: tuple[Difference, ...]
    images: int = 0

    def __post_init__(self) -> None:
        if self.first >= self.second:
            raise PromptError(f"a pair needs two ids in order, got {self.first!r}, {self.second!r}; use ClassPair.of")
        if not self.differences:
            raise PromptError(f"the pair {self.first!r}, {self.second!r} has no texts; leave it out")

    @classmethod
    def of(cls, one: str, other: str, differences: Iterable[Difference], images: int = 0) -> "ClassPair":
        """A pair with the ids in any order; every difference has the caption of `one` first.

        >>> ClassPair.of("owl", "cat", [Difference("ears", "an owl with no ears", "a cat with ears")]).first
        'cat'
        """
        if one < other:
            return cls(one, other, tuple(differences), images)
        return cls(other, one, tuple(Difference(d.attribute, d.second, d.first) for d in differences), images)

    @property
    def ids(self) -> tuple[str, str]:
        """Both class ids, in order."""
        return self.first, self.second

    def texts(self, class_id: str) -> tuple[str, ...]:
        """The captions of one of the two classes, each once."""
        return tuple(dict.fromkeys(d.first if class_id == self.first else d.second for d in self.differences))

    def to_json(self) -> dict[str, Any]:
        """The pair as plain JSON values."""
        captions = [{"attribute": d.attribute, "captions": [d.first, d.second]} for d in self.differences]
        return {"classes": [self.first, self.second], "images": self.images, "differences": captions}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ClassPair":
        """Read back what `to_json` wrote; the two classes may be in any order."""
        one, other = map(_string, value["classes"])
        found = []
        for each in value["differences"]:
            first, second = map(_string, each["captions"])
            found.append(Difference(_string(each["attribute"]), first, second))
        return cls.of(one, other, found, int(value.get("images", 0)))


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]!r} is not a text")
    return value


@dataclass(frozen=True)
class PairwisePrompts:
    """A classifier in two steps: the K best classes under a base, then the best of those by what tells them apart.

    A class's texts in the second step are the union over its pairs with the other K - 1, each once; where a pair is
    missing, the base's texts stand in on both sides (Esfandiarpoor and Bach 2024, arXiv:2311.07593).

    Attributes:
        base: the prompts of the first step, usually "a photo of a {}.".
        pairs: in order of their ids, whatever order they were given in.
        k: K, at least 1; 1 leaves the answer to the first step, C or more re-scores every class.
        compile_pairs: how many of the most frequent pairs the compiled form takes; `None` for all.

    Raises:
        PromptError: if a pair comes twice or names an unknown class, or K is below 1.

    >>> from evaluators import Difference
    >>> base = PromptSet.of({"c": "cat", "d": "dog", "o": "owl"}, ["a photo of a {}."])
    >>> ears = Difference("ears", "a cat with pointed ears", "a dog with floppy ears")
    >>> PairwisePrompts(base, (ClassPair("c", "d", (ears,)),)).compiled().rendered[:2]
    (('a cat with pointed ears',), ('a dog with floppy ears',))
    """

    base: PromptSet
    pairs: tuple[ClassPair, ...]
    k: int = 10
    compile_pairs: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", tuple(sorted(self.pairs, key=lambda pair: pair.ids)))
        if self.k < 1 or (self.compile_pairs is not None and self.compile_pairs < 0):
            raise PromptError(f"k must be at least 1 and compile_pairs at least 0, got {self.k}, {self.compile_pairs}")
        known = {label.id for label in self.classes}
        for pair, before in zip(self.pairs, (None, *self.pairs), strict=False):
            if before is not None and pair.ids == before.ids:
                raise PromptError(f"the pair {pair.first!r}, {pair.second!r} comes twice")
            if not known.issuperset(pair.ids):
                raise PromptError(f"the pair {pair.first!r}, {pair.second!r} has an unknown class id")

    @property
    def classes(self) -> tuple[ClassLabel, ...]:
        """C classes in order of their ids."""
        return self.base.classes

    @cached_property
    def rendered(self) -> tuple[tuple[str, ...], ...]:
        """Per class every text that can stand for it: the base's, then those of its pairs, each once."""
        own = {label.id: dict.fromkeys(texts) for label, texts in zip(self.classes, self.base.rendered, strict=True)}
        for class_id, texts in _sides(self.pairs):
            own[class_id].update(dict.fromkeys(texts))
        return tuple(tuple(texts) for texts in own.values())

    @property
    def n_texts(self) -> int:
        """How many texts all classes have together."""
        return sum(map(len, self.rendered))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of what decides the answers: the base's texts, K, and the pairs' texts by class id."""
        pairs = [[*pair.ids, *(sorted(pair.texts(each)) for each in pair.ids)] for pair in self.pairs]
        content = ["pairwise", self.base.fingerprint, self.k, pairs]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def compiled(self) -> PromptSet:
        """One description set per class, for use as a plain classifier: its texts in the most confused pairs.

        A class that is in none of them keeps the base's texts.
        """
        chosen = sorted(self.pairs, key=lambda pair: (-pair.images, pair.ids))[: self.compile_pairs]
        in_pairs: dict[str, tuple[str, ...]] = {}
        for class_id, own in _sides(sorted(chosen, key=lambda pair: pair.ids)):
            in_pairs[class_id] = in_pairs.get(class_id, ()) + own
        texts = {c.id: in_pairs.get(c.id, own) for c, own in zip(self.classes, self.base.rendered, strict=True)}
        return PromptSet.of(self.classes, texts=texts) if in_pairs else self.base

    def with_classes(self, base: PromptSet, ids: Mapping[str, str]) -> "PairwisePrompts":
        """The same pairs under other class ids (old to new), over a base for those."""
        pairs = (ClassPair.of(ids[p.first], ids[p.second], p.differences, p.images) for p in self.pairs)
        return replace(self, base=base, pairs=tuple(pairs))

    def to_json(self) -> dict[str, Any]:
        """The prompts as plain JSON values: those of the base, and beside them the pairs."""
        own = {"k": self.k, "compile_pairs": self.compile_pairs, "pairs": [pair.to_json() for pair in self.pairs]}
        return self.base.to_json() | own

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PairwisePrompts":
        """Read back what `to_json` wrote.

        Raises:
            PromptError: if a part is missing or of the wrong kind.
        """
        base = PromptSet.from_json(value)
        try:
            pairs = tuple(ClassPair.from_json(pair) for pair in value["pairs"])
            most = value.get("compile_pairs")
            return cls(base, pairs, int(value["k"]), None if most is None else int(most))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise PromptError(
                f"not pairwise prompts: {type(error).__name__}: {error}; expected k, and pairs with classes and "
                "differences, each with an attribute and two captions"
            ) from error


Candidate = PromptSet | PairwisePrompts
"""What can be scored, and win. `compiled()` of either is a plain description set per class."""


def candidate_from_json(value: Mapping[str, Any]) -> Candidate:
    """Read back what `to_json` of either kind wrote; it is pairwise if it has `pairs`.

    Raises:
        PromptError: if a part is missing or of the wrong kind.
    """
    return PairwisePrompts.from_json(value) if "pairs" in value else PromptSet.from_json(value)


def _sides(pairs: Iterable[ClassPair]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Class id and texts, for both sides of every pair."""
    for pair in pairs:
        for class_id in pair.ids:
            yield class_id, pair.texts(class_id)
