"""Where a winning text comes from: who proposed it, and with which reply."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from evaluators import PHOTO_TEMPLATE, PLACEHOLDER, fill, general_templates
from prompt_search.report.record import Replies

__all__ = ["Origin", "Origins"]

PLAIN = PHOTO_TEMPLATE.partition(PLACEHOLDER)[0]
"""How the frame begins that strategies put kinds of a class into, and the sentence before a text without its class."""
SHORTEST = 3
"""Letters that a text must have to be looked for in replies."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who proposed a text.

    Attributes:
        by: a strategy, "CLIP's general templates", "your prompts", or "not found in a reply".
        line: of the journal with the reply, counted from 1.
        number: of the reply in that line, counted from 1.
        quote: what it says there, cut short.
    """

    by: str
    line: int | None = None
    number: int | None = None
    quote: str = ""


class Origins:
    """Looks for texts in what a run was given and in the replies of its language model, the earliest first.

    A strategy may have put words of a reply into a frame; so the words alone count, too.
    """

    def __init__(self, replies: Sequence[Replies], given: Mapping[str, Iterable[str]]) -> None:
        self._given = {name: set(texts) for name, texts in given.items()}
        some = [(each, number, text) for each in replies for number, text in enumerate(each.texts, start=1) if text]
        self._replies = [(each, number) for each, number, _ in some]
        folded = [f" {_folded(text)} \n" for _, _, text in some]
        self._all = "".join(folded)  # one search through all of them
        self._ends = list(accumulate(map(len, folded)))
        self._general = set(general_templates())

    def of_template(self, template: str) -> Origin:
        """Of a template that all classes share."""
        if template in (PHOTO_TEMPLATE, PLACEHOLDER) or template in self._general:
            return Origin("CLIP's general templates")
        return self._given_as(template) or self._in_replies([template])

    def of_text(self, text: str, name: str) -> Origin:
        """Of a text of the class with a name."""
        if text in {fill(template, name) for template in (PHOTO_TEMPLATE, PLACEHOLDER, *self._general)}:
            return Origin("CLIP's general templates")
        bare = text.removeprefix(f"{PLAIN}{name}. ")
        kind = text.removeprefix(PLAIN).removesuffix(".") if text.startswith(PLAIN) else ""
        return self._given_as(text) or self._in_replies([text, bare, kind])

    def _given_as(self, text: str) -> Origin | None:
        return next((Origin(name) for name, texts in self._given.items() if text in texts), None)

    def _in_replies(self, forms: Sequence[str]) -> Origin:
        for form in dict.fromkeys(map(_folded, forms)):
            place = self._all.find(f" {form} ") if len(form) >= SHORTEST else -1
            if place >= 0:
                index = bisect_right(self._ends, place)
                replies, number = self._replies[index]
                start = self._ends[index - 1] if index else 0
                quote = _excerpt(self._all[start : self._ends[index]], place - start, len(form))
                return Origin(replies.phase, replies.line, number, quote)
        return Origin("not found in a reply")


def _folded(text: str) -> str:
    """Letters, digits and placeholders, for comparisons: other signs and white space are one blank.

    >>> _folded('"A  photo, of a {}."')
    'a photo of a {}'
    """
    return " ".join(re.sub(r"[^\w{}]+", " ", text.casefold()).split())


def _excerpt(text: str, place: int, length: int, around: int = 30) -> str:
    start, end = max(0, place - around), min(len(text), place + length + around)
    return f"{'… ' if start else ''}{text[start:end].strip()}{' …' if end < len(text) else ''}"
