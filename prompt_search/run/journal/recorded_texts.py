"""The texts of candidates as a journal has them: each once, in the line that first needs it, then by its number.

`{}` stands for the name of the class whose text it is, so what a template makes of a thousand names is one text. Braces
that a text has of its own are doubled.
"""

import hashlib
import json
import re
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, count, pairwise
from typing import Any

from evaluators import Candidate, ClassLabel, Score
from prompt_search.run.journal.events import ProductNumbers, ScoredCandidates
from prompt_search.run.journal.json_shape import need
from prompt_search.run.journal.text_products import Product, factored, multiplied

__all__ = ["RecordedTexts"]

BRACES = re.compile(r"\{\{|\}\}|\{\}")


class RecordedTexts:
    """What the lines of a journal have told so far of texts and lists of texts; void lines tell nothing.

    The children of a population share most of their lists, and new lists are made of known texts.

    Args:
        classes: those of the candidates.
    """

    def __init__(self, classes: Iterable[ClassLabel]) -> None:
        self._names = {label.id: label.name for label in classes}
        self._texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._lists: dict[str, tuple[str, ...]] = {}

    def record(self, candidates: Sequence[Candidate], scores: Sequence[Score]) -> ScoredCandidates:
        """The event for scored candidates, with the texts and lists that no line before it has."""
        unknown: dict[str, tuple[str, ...]] = {}
        contents = [self._by_reference(candidate, unknown) for candidate in candidates]
        new, products = self._unknown_texts(unknown.values())
        made = [text for product in products for text in multiplied(product)]
        first = dict(zip(new, count(len(self._texts)), strict=False))
        numbers = ChainMap(first, dict(zip(made, count(len(self._texts) + len(new)), strict=False)), self._numbers)
        steps = {name: _steps([numbers[text] for text in texts]) for name, texts in unknown.items()}
        parts = tuple(_numbered(product, ChainMap(first, self._numbers)) for product in products)
        return ScoredCandidates.of(contents, steps, new, parts, scores)

    def _unknown_texts(self, lists: Iterable[tuple[str, ...]]) -> tuple[list[str], list[Product]]:
        """What no line has told yet of the texts of lists: texts, and products that make the others of these."""
        new: dict[str, None] = {}
        made: set[str] = set()
        products = []
        for texts in lists:
            fresh = [text for text in texts if not (text in self._numbers or text in new or text in made)]
            product = factored(fresh)
            if product is None:
                new.update(dict.fromkeys(fresh))
            else:
                new.update(dict.fromkeys(each for part in product for each in part if each not in self._numbers))
                made.update(fresh)
                products.append(product)
        return list(new), products

    def learn(self, event: ScoredCandidates) -> None:
        """Take in a line, those before it in order.

        Raises:
            ShapeError: if it names a text or a list that no line brought.
        """
        known = len(self._texts)
        told = [*event.texts, *self._made(event)]
        lists = {name: tuple(accumulate(steps)) for name, steps in event.lists.items()}
        named = all(0 <= number < known + len(told) for numbers in lists.values() for number in numbers)
        need("lists", "has the number of a text that no line brought", holds=named)
        own = [each["texts"] if "texts" in each else each["changes"] for each in event.candidates]
        need("candidates", "names an unknown class", holds=all(each.keys() <= self._names.keys() for each in own))
        lists_named = all(isinstance(name, str) for each in event.candidates for name in each.get("texts", {}).values())
        lists_named &= all(isinstance(name, str | None) for each in own for name in each.values())
        need("candidates", "names a list by no text", holds=lists_named)
        unknown = {name for each in own for name in each.values() if name is not None} - event.lists.keys()
        need("candidates", "names a list that no line brought", holds=unknown <= self._lists.keys())
        self._numbers.update(zip(told, range(known, known + len(told)), strict=True))
        self._texts.extend(told)
        for name, each in lists.items():
            self._lists[name] = tuple(self._texts[number] for number in each)

    def _made(self, event: ScoredCandidates) -> list[str]:
        """The texts that the products of a line make of its texts and of known ones."""
        known, texts = len(self._texts), event.texts
        numbers = [number for product in event.products for part in product for number in part]
        told = all(0 <= number < known + len(texts) for number in numbers)
        need("products", "has the number of a text that no line brought", holds=told)
        framed = all(len(before) == len(after) for before, _, after in event.products)
        need("products", "has a frame without an end", holds=framed)

        def text(number: int) -> str:
            return self._texts[number] if number < known else texts[number - known]

        parts = (Product(*(tuple(map(text, part)) for part in product)) for product in event.products)
        return [each for product in parts for each in multiplied(product)]

    def content(self, event: ScoredCandidates, number: int) -> dict[str, Any]:
        """A candidate of a line that was learnt: its `to_json`, without the classes."""
        content = event.content(number)
        lists = ((label, self._names[label], self._lists[name]) for label, name in content["texts"].items())
        return content | {"texts": {label: [_of_class(text, name) for text in own] for label, name, own in lists}}

    def own_texts(self, event: ScoredCandidates, number: int) -> int:
        """How many texts of its own the classes of a candidate have together."""
        return sum(len(self._lists[name]) for name in event.content(number)["texts"].values())

    def _by_reference(self, candidate: Candidate, unknown: dict[str, tuple[str, ...]]) -> dict[str, Any]:
        """A candidate for the journal: its lists of texts are named by their digests; unknown ones are told."""
        content = candidate.to_json()

        def named(label: str, texts: tuple[str, ...]) -> str:
            reference = _reference(texts, self._names[label])
            if reference not in self._lists and reference not in unknown:
                unknown[reference] = _of_any_class(texts, self._names[label])
            return reference

        content["texts"] = {label: named(label, tuple(own)) for label, own in content["texts"].items()}
        return {name: part for name, part in content.items() if name != "classes"}


def _numbered(product: Product, numbers: Mapping[str, int]) -> ProductNumbers:
    before, words, after = (tuple(numbers[each] for each in part) for part in product)
    return before, words, after


def _steps(numbers: Sequence[int]) -> tuple[int, ...]:
    """How far each is after the one before it, the first after 0: most texts come in the order of their numbers."""
    return tuple(number - before for before, number in pairwise([0, *numbers]))


@lru_cache(2**14)
def _reference(texts: tuple[str, ...], name: str) -> str:
    return hashlib.sha256(json.dumps(_of_any_class(texts, name)).encode()).hexdigest()[:16]


def _of_any_class(texts: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Texts with `{}` in the places of a name, where it stands as a word, and braces doubled.

    >>> _of_any_class(("a photo of a {cat}, {sic}", "a {category}"), "{cat}")
    ('a photo of a {}, {{sic}}', 'a {{category}}')
    """
    place = _place(name)
    return tuple(place.sub(lambda found: 2 * found[0] if found["name"] is None else "{}", text) for text in texts)


@lru_cache(2**12)
def _place(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<name>(?<!\w){re.escape(name)}(?!\w))|[{{}}]")


def _of_class(text: str, name: str) -> str:
    """What `_of_any_class` was given.

    >>> _of_class("a photo of a {}, {{sic}}", "{cat}")
    'a photo of a {cat}, {sic}'
    """
    if "{" not in text and "}" not in text:
        return text
    return BRACES.sub(lambda found: name if found[0] == "{}" else found[0][0], text)
