"""Prompt sets: for every class the texts whose mean embedding stands for it."""

import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from evaluators.errors import ModelError, PromptError

__all__ = [
    "PHOTO_TEMPLATE",
    "PLACEHOLDER",
    "ClassLabel",
    "PromptSet",
    "check_encodable",
    "fill",
    "general_templates",
    "normalize_template",
    "open_clip_file",
    "open_clip_lists",
]


PLACEHOLDER = "{}"
PHOTO_TEMPLATE = "a photo of a {}."

OTHER_PLACEHOLDERS = re.compile(
    r"\{\s*(?:c|cls|class|classname|class_name|class name|category|label|name|object)\s*\}"
    r"|<\s*(?:c|cls|class|classname|class_name|class name|category|label|name|object)\s*>"
    r"|\[\s*(?:cls|class|classname|class_name|class name|category|label)\s*\]"
    r"|\{\s+\}",
    re.IGNORECASE,
)


def fill(template: str, name: str) -> str:
    """Put a class name in every placeholder. Plain replacement: braces in either text are just braces.

    >>> fill("a photo of a {}.", "cat {0}")
    'a photo of a cat {0}.'
    """
    return template.replace(PLACEHOLDER, name)


def normalize_template(text: str) -> str:
    """Accept the placeholders of other methods, fold white space, and insist on a placeholder.

    Raises:
        PromptError: if there is no placeholder.

    >>> normalize_template("a  sketch of a <CLASS>.")
    'a sketch of a {}.'
    """
    template = " ".join(OTHER_PLACEHOLDERS.sub(PLACEHOLDER, text).split())
    if PLACEHOLDER not in template:
        raise PromptError(
            f"the template {text[:80]!r} has no place for the class name; write {PLACEHOLDER} where it goes"
        )
    return template


@cache
def general_templates() -> tuple[str, ...]:
    """The 80 ImageNet templates of CLIP (Radford et al. 2021), taken from open_clip as it is installed."""
    templates = open_clip_lists().OPENAI_IMAGENET_TEMPLATES
    return tuple(template(PLACEHOLDER) for template in templates)


@cache
def open_clip_lists() -> Any:  # noqa: ANN401 - a module without types
    """The module of open_clip with its templates and class names, alone: open_clip itself takes seconds to import.

    >>> len(open_clip_lists().IMAGENET_CLASSNAMES)
    1000
    """
    if "open_clip" in sys.modules:
        return sys.modules["open_clip"]
    spec = importlib.util.spec_from_file_location("open_clip_lists", open_clip_file("zero_shot_metadata.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def open_clip_file(name: str) -> Path:
    """A file of open_clip as it is installed, which is not imported for it.

    Raises:
        ModelError: if open_clip is not installed.
    """
    package = importlib.util.find_spec("open_clip")
    if package is None or not package.submodule_search_locations:
        raise ModelError("open_clip is not installed: pip install open_clip_torch")
    return Path(package.submodule_search_locations[0], name)


CLASSES_REMEMBERED = 4096
"""Children of one parent share most of their classes; what was made of a class's texts is not made again."""


@dataclass(frozen=True, slots=True, order=True)
class ClassLabel:
    """A class: a stable id (its folder, its label in the data) and the name to put into texts."""

    id: str
    name: str

    def __post_init__(self) -> None:
        check_encodable(self.id)
        check_encodable(self.name)
        if not self.id or not self.name.strip():
            raise PromptError(f"the class {self.id!r} needs an id and a name, got the name {self.name!r}")


@dataclass(frozen=True)
class PromptSet:
    """Texts for C classes: templates that all classes share, and texts of each class's own.

    A class's texts are every template filled with its name, and its own texts as they are. Two sets that
    render to the same texts are the same candidate, whatever they are made of: see `fingerprint`.

    Attributes:
        classes: C classes in order of their ids.
        templates: each with at least one `{}`.
        texts: C tuples, aligned with `classes`; empty where a class has none of its own.

    Raises:
        PromptError: if ids repeat or are out of order, a template has no placeholder, or a class has no text.

    >>> cats = PromptSet.of({"cat": "cat", "dog": "dog"}, templates=["a photo of a {}."])
    >>> cats.render(0)
    ('a photo of a cat.',)
    """

    classes: tuple[ClassLabel, ...]
    templates: tuple[str, ...] = ()
    texts: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if not self.texts:
            object.__setattr__(self, "texts", ((),) * len(self.classes))
        ids = [label.id for label in self.classes]
        if not ids:
            raise PromptError("a prompt set needs at least one class")
        if ids != sorted(set(ids)):
            raise PromptError("the classes of a prompt set must have different ids, in sorted order; use PromptSet.of")
        if len(self.texts) != len(ids):
            raise PromptError(f"{len(ids)} classes need {len(ids)} tuples of texts, got {len(self.texts)}")
        for texts in (self.templates, *self.texts):
            _check_all_encodable(texts)
        for template in self.templates:
            if PLACEHOLDER not in template:
                raise PromptError(f"the template {template[:80]!r} has no {PLACEHOLDER} for the class name")
        for label, own in zip(self.classes, self.texts, strict=True):
            if not self.templates and not any(text.strip() for text in own):
                raise PromptError(f"the class {label.id!r} has no text; give it one, or a template for all classes")

    @classmethod
    def of(
        cls,
        classes: Mapping[str, str] | Iterable[ClassLabel],
        templates: Iterable[str] = (),
        texts: Mapping[str, Sequence[str]] | None = None,
    ) -> "PromptSet":
        """Build a set from classes in any order (`{id: name}` or labels) and texts by class id.

        Raises:
            PromptError: as the constructor, and if `texts` names an unknown class id.
        """
        if isinstance(classes, Mapping):
            classes = [ClassLabel(i, name) for i, name in classes.items()]
        labels = tuple(sorted(classes))
        by_id = dict(texts or {})
        own = tuple(tuple(dict.fromkeys(by_id.pop(label.id, ()))) for label in labels)
        if by_id:
            raise PromptError(
                f"texts for unknown class ids: {sorted(by_id)[:5]}; known are {[c.id for c in labels[:5]]}"
            )
        return cls(labels, tuple(dict.fromkeys(templates)), own)

    def render(self, index: int) -> tuple[str, ...]:
        """The texts of one class (by its index), without exact duplicates."""
        return _rendered(self.templates, self.classes[index].name, self.texts[index])

    @property
    def rendered(self) -> tuple[tuple[str, ...], ...]:
        """The texts of all C classes, made anew every time; `render` gives those of one.

        An archive of candidates would be mostly these if they kept them.
        """
        return tuple(self.render(index) for index in range(len(self.classes)))

    @property
    def shared_only(self) -> bool:
        """True if every text comes from a template."""
        return not any(self.texts)

    @cached_property
    def n_texts(self) -> int:
        """How many texts all classes have together."""
        return sum(map(len, self.rendered))

    @cached_property
    def class_digests(self) -> tuple[bytes, ...]:
        """Per class the SHA-256 of its rendered texts, whatever their order: equal digests mean equal embeddings."""
        return tuple(map(_digest, self.rendered))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the rendered texts by class id, whatever order or parts they came from."""
        content = [[label.id, own.hex()] for label, own in zip(self.classes, self.class_digests, strict=True)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def compiled(self) -> "PromptSet":
        """Itself: every candidate can be had as one description set per class."""
        return self

    def with_templates(self, templates: Iterable[str]) -> "PromptSet":
        """The same classes and own texts under other templates."""
        return replace(self, templates=tuple(dict.fromkeys(templates)))

    def to_json(self) -> dict[str, Any]:
        """The set as plain JSON values, classes in order."""
        return {
            "classes": [{"id": label.id, "name": label.name} for label in self.classes],
            "templates": list(self.templates),
            "texts": {c.id: list(own) for c, own in zip(self.classes, self.texts, strict=True) if own},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PromptSet":
        """Read back what `to_json` wrote.

        Raises:
            PromptError: if a part is missing or of the wrong kind.
        """
        try:
            classes = [ClassLabel(str(c["id"]), str(c["name"])) for c in value["classes"]]
            templates = _strings(value["templates"])
            texts = {str(i): _strings(own) for i, own in dict(value["texts"]).items()}
        except (KeyError, TypeError, ValueError) as error:
            raise PromptError(
                f"not a prompt set: {type(error).__name__}: {error}; expected classes, templates and texts"
            ) from error
        return cls.of(classes, templates, texts)


@lru_cache(CLASSES_REMEMBERED)
def _rendered(templates: tuple[str, ...], name: str, own: tuple[str, ...]) -> tuple[str, ...]:
    texts = tuple(dict.fromkeys([*(fill(template, name) for template in templates), *own]))
    return own if texts == own else texts


@lru_cache(CLASSES_REMEMBERED)
def _digest(texts: tuple[str, ...]) -> bytes:
    return hashlib.sha256(json.dumps(sorted(texts)).encode()).digest()


@lru_cache(CLASSES_REMEMBERED)
def _check_all_encodable(texts: tuple[str, ...]) -> None:
    for text in texts:
        check_encodable(text)


def check_encodable(text: str) -> None:
    """Refuse a text that no file can hold.

    Raises:
        PromptError: if it has a lone surrogate.
    """
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise PromptError(
                f"the text {text[:80]!a} holds half a character (a lone surrogate); write it anew"
            ) from error


def _strings(value: object) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise TypeError(f"{str(value)[:40]!r} is not a list of texts")
    return list(value)
