"""Reads what a language model wrote. A reply is untrusted: normalise what can be normalised, drop the rest.

Nothing here raises, and a bad line never throws away the good lines beside it.
"""

import json
import re
from collections.abc import Callable

from evaluators import normalize_template
from evaluators.errors import PromptError

__all__ = ["lines", "sentence", "templates"]

LIST_MARKER = re.compile(r"^\s*(?:[-*•·>]+|\(?\d{1,3}[.):]|[a-zA-Z][.)](?=\s))\s*")
LABEL = re.compile(
    r"^\s*(?:\**(?:(?:new|better|final)\s+)?(?:template|answer|prompt|output|sentence|caption)s?\**)\s*:\s*", re.I
)
LONGEST_REPLY = 20_000
"""Characters of a reply that are read; what was asked for is in the first hundreds."""

FENCE = re.compile(r"^\s*(?:```|~~~)")
QUOTES = "\"'`“”‘’«»"
LETTER = re.compile(r"[^\W_]")
FIRST_STOP = re.compile(r"[.!?](?=\s|$)")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff\ufeff]")


def lines(text: str) -> list[str]:
    """The non-empty lines of a reply without fences, list markers, labels and quotes around them.

    >>> lines('Sure!\\n```\\n1. "a drawing of a {}."\\n- a {} in the wild\\n```')
    ['Sure!', 'a drawing of a {}.', 'a {} in the wild']
    """
    parts = [part for part in text.splitlines() if not FENCE.match(part)]
    return [line for line in (_bare(part) for part in parts) if line]


def templates(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The templates in a reply, as JSON strings or lines, each once, in order.

    A template has exactly one placeholder, no other braces, words beside the placeholder, and fits the context
    length; anything else is dropped, and so are refusals and announcements ("Here is a template with {}:").

    >>> templates('{"template": "a small photo of a <CLASS>."}', fits=lambda _: True)
    ['a small photo of a {}.']
    >>> templates('Of course! Here it is:\\na photo of {} and {}\\na sketch of a {}', fits=lambda _: True)
    ['a sketch of a {}']
    """
    candidates = (_template(line) for line in _written(text[:LONGEST_REPLY]))
    found = dict.fromkeys(t for t in candidates if t is not None)
    return [template for template in found if fits(template)]


def sentence(text: str, name: str) -> str | None:
    """The first sentence of a reply that describes a class, or `None` if there is none to use.

    Cut at the first full stop (CuPL); a reply that was cut off before it keeps what there is, closed with a full stop.
    Sentences of fewer than three words, refusals, questions and sentences with braces are dropped.

    >>> sentence('\\n\\nA tabby cat has stripes. It purrs.', "tabby cat")
    'A tabby cat has stripes.'
    """
    for line in _written(text[:LONGEST_REPLY]):
        first = FIRST_STOP.split(line, maxsplit=1)[0].strip() if FIRST_STOP.search(line) else line
        ending = line[len(first) : len(first) + 1] or "."
        if ending != "?" and not line.endswith(":") and _describes(first, name):
            return first.rstrip(" ,;:-") + "."
    return None


REFUSAL = re.compile(
    r"^(?:(?:(?:i['’]?m|i am) )?(?:very )?sorry|i can(?:no|['’])t|as an ai"
    r"|(?:i['’]?m|i am) (?:un|not )able|unfortunately)",
    re.I,
)
PREAMBLE = re.compile(r"^(?:(?:sure|of course|certainly|okay|ok|yes|here['’]s|here (?:is|are))\b|great[!,.])", re.I)


def _describes(line: str, name: str) -> bool:
    words = [word for word in line.split() if LETTER.search(word)]
    known = set(name.lower().split())
    says_more = any(word.lower().strip(".,") not in known for word in words)
    return (
        len(words) >= 3
        and says_more
        and not re.search(r"[{}<>]", line)
        and not REFUSAL.match(line)
        and not PREAMBLE.match(line)
    )


def _template(line: str) -> str | None:
    try:
        template = normalize_template(line)
    except PromptError:
        return None
    rest = template.replace("{}", "", 1)
    chatter = REFUSAL.match(template) or PREAMBLE.match(template) or template.endswith(":")
    if "{" in rest or "}" in rest or not LETTER.search(rest) or chatter:
        return None
    return template


def _bare(line: str) -> str:
    """One line without what surrounds its text."""
    text = CONTROL.sub(" ", line)
    text = LABEL.sub("", LIST_MARKER.sub("", text)).strip()
    text = text.strip("*_ ")
    if text[:1] in QUOTES:
        text = text.rstrip(", ")  # an item of a JSON list that was cut off
    text = text.strip(QUOTES + " ")
    return " ".join(text.split())


def _written(text: str) -> list[str]:
    """The lines of every string in the first JSON object or array of a reply, then the lines around it."""
    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    if start < 0:
        return lines(text)
    try:
        value, end = json.JSONDecoder().raw_decode(text, start)
        strings = _strings(value)
    except (ValueError, RecursionError):
        return lines(text)
    if not strings:
        return lines(text)  # the {} of a template is JSON too
    return [line for part in [*strings, text[:start], text[end:]] for line in lines(part)]


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [string for item in value for string in _strings(item)]
    if isinstance(value, dict):
        return [string for item in value.values() for string in _strings(item)]
    return []
