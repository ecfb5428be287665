"""Two classes and the texts that tell them apart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluators.errors import PromptError
from evaluators.prompts.prompt_set import check_encodable

__all__ = ["ClassPair", "Difference"]


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
