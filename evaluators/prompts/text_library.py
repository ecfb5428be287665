"""The texts a selection may choose from: templates filled with the class names, and what was said of each class."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from evaluators.errors import PromptError
from evaluators.prompts.prompt_set import PHOTO_TEMPLATE, PLACEHOLDER, ClassLabel, PromptSet, fill

__all__ = ["Saying", "TextLibrary"]


@dataclass(frozen=True, slots=True)
class Saying:
    """Words about a class, and the frame they are put into; the frame `{}` alone is for whole sentences.

    >>> Saying("siamese cat", "a photo of a {}.").text
    'a photo of a siamese cat.'
    """

    words: str
    frame: str = PLACEHOLDER

    @property
    def text(self) -> str:
        """The words in their frame."""
        return fill(self.frame, self.words)


@dataclass(frozen=True)
class TextLibrary:
    """Per class the texts to choose from.

    Attributes:
        classes: C classes in order of their ids.
        templates: at least one; filled with the class names they are the plain part of the library, and together they
            are what a selection is held to. It starts from "a photo of a {}." if that is among them, else the first.
        sayings: per class what was said of it, by a language model or a person: the words whose worth a placebo tells.

    Raises:
        PromptError: if there is no template, or a tuple of sayings is missing.

    >>> pets = TextLibrary((ClassLabel("n1", "cat"),), ("a {}.",), ((Saying("tabby", "a photo of a {}."),),))
    >>> pets.texts
    (('a cat.', 'a photo of a tabby.'),)
    """

    classes: tuple[ClassLabel, ...]
    templates: tuple[str, ...]
    sayings: tuple[tuple[Saying, ...], ...]

    def __post_init__(self) -> None:
        if not self.templates or len(self.sayings) != len(self.classes):
            raise PromptError("a library needs at least one template, and sayings (or none) for every class")

    @cached_property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Per class its different texts: those of the templates first."""
        return tuple(
            tuple(dict.fromkeys([*(fill(t, label.name) for t in self.templates), *(s.text for s in own)]))
            for label, own in zip(self.classes, self.sayings, strict=True)
        )

    @cached_property
    def start(self) -> tuple[int, ...]:
        """Per class the number of the text that a selection starts from."""
        first = PHOTO_TEMPLATE if PHOTO_TEMPLATE in self.templates else self.templates[0]
        return tuple(own.index(fill(first, label.name)) for label, own in zip(self.classes, self.texts, strict=True))

    @cached_property
    def plain_counts(self) -> tuple[int, ...]:
        """Per class how many of its texts come from templates; they are its first."""
        return tuple(len({fill(template, label.name) for template in self.templates}) for label in self.classes)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the texts in their order."""
        content = [[label.id, list(own)] for label, own in zip(self.classes, self.texts, strict=True)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def with_sayings(self, sayings: Sequence[Sequence[Saying]]) -> "TextLibrary":
        """The same templates with other words."""
        return replace(self, sayings=tuple(map(tuple, sayings)))

    def prompt_set(self, chosen: Sequence[Sequence[int]]) -> PromptSet:
        """The prompts of chosen texts, given per class by their numbers."""
        rendered = {
            label.id: [own[number] for number in numbers]
            for label, own, numbers in zip(self.classes, self.texts, chosen, strict=True)
        }
        return PromptSet.of(self.classes, texts=rendered)
