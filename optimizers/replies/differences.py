"""What tells two classes apart, in replies."""

import json
import re
from collections.abc import Iterator

from evaluators import PHOTO_TEMPLATE, Difference, fill
from optimizers.meta_prompts import quoted
from optimizers.replies.text_parts import LETTER, LONGEST_REPLY, is_chatter, lines
from optimizers.replies.thinking import answer_in

__all__ = ["difference_fault", "differences", "own_descriptions"]

MOST_ATTEMPTS = 200
"""Opening braces at which a JSON object is looked for: a reply that was cut off still has whole objects in it."""

ATTRIBUTE_KEY = re.compile(r"attr|feature|aspect|characteristic|difference|name", re.I)
FIRST_KEY = re.compile(r"first|one\b|1|\ba\b", re.I)
SECOND_KEY = re.compile(r"second|two\b|other|2|\bb\b", re.I)
LINE_LABEL = re.compile(r"^([^\W_][\w '’/-]{0,40}?)\s*[:：]\s*")
FEWEST_WORDS = 4
"""Words that make a line of plain text a caption, not the name of an attribute."""


def differences(text: str) -> list[Difference]:
    """The differences in a reply, in order: JSON objects, whole ones of a reply that was cut off too, or else lines.

    An object has two captions, under any keys, and perhaps the attribute's name; plain lines come as two captions, with
    the attribute's name before them or not. What is left out: captions without a letter or with braces, refusals and
    announcements, and two captions that say the same.

    >>> differences('[{"attribute": "ears", "first": "a cat with pointed ears", "second": "a dog with floppy')
    []
    >>> differences("Ears:\\nCaption 1: a cat with pointed ears\\nCaption 2: a dog with floppy ears")[0].second
    'a dog with floppy ears'
    """
    reply = answer_in(text)[:LONGEST_REPLY]
    found = [d for value in _json_values(reply) for d in _in_value(value)] or list(_in_lines(reply))
    return list(dict.fromkeys(d for d in found if d.first.casefold() != d.second.casefold()))


def difference_fault(text: str) -> str:
    """Why `differences` finds nothing in a reply, for the model that wrote it: half a sentence, words quoted."""
    written = lines(answer_in(text)[:LONGEST_REPLY])
    return f"{quoted(written[0])} is not an attribute with two different captions" if written else "it is empty"


def own_descriptions(found: list[Difference], first: str, second: str) -> list[Difference]:
    """Differences whose captions are about their own class: `first`, then `second` (the classes' names).

    Captions the other way round are turned; a caption that names the other class alone is dropped with its partner; one
    that names neither gets "a photo of a <name>, " in front.

    >>> own_descriptions([Difference("ears", "A dog has floppy ears.", "pointed ears")], "cat", "dog")
    []
    >>> own_descriptions([Difference("ears", "pointed ears", "A dog has floppy ears.")], "cat", "dog")[0].first
    'a photo of a cat, pointed ears'
    """
    kept = []
    for each in found:
        named = tuple(_named(caption, first, second) for caption in (each.first, each.second))
        turned = named == ({second}, {first})
        captions = (each.second, each.first) if turned else (each.first, each.second)
        if not turned and (named[0] == {second} or named[1] == {first}):
            continue
        one, other = _introduced(captions[0], first), _introduced(captions[1], second)
        if _says_more(captions[0], first) and _says_more(captions[1], second):
            kept.append(Difference(each.attribute, one, other))
    return kept


def _json_values(text: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    start, attempts = _next_opening(text, 0), 0
    while start >= 0 and attempts < MOST_ATTEMPTS:
        attempts += 1
        try:
            value, end = decoder.raw_decode(text, start)
            yield value
        except (ValueError, RecursionError):
            end = start + 1
        start = _next_opening(text, end)


def _next_opening(text: str, position: int) -> int:
    return min((i for i in (text.find("{", position), text.find("[", position)) if i >= 0), default=-1)


def _in_value(value: object) -> Iterator[Difference]:
    """Depth first, without recursion: a reply may be nested as deep as it likes."""
    stack = [value]
    while stack:
        each = stack.pop()
        one = _in_object(each) if isinstance(each, dict) else _in_list(each) if isinstance(each, list) else None
        if one is not None:
            yield one
        elif isinstance(each, dict | list):
            stack += list(each.values() if isinstance(each, dict) else each)[::-1]


def _in_object(value: dict[str, object]) -> Difference | None:
    strings = {key: text for key, text in value.items() if isinstance(text, str)}
    attribute = next((text for key, text in strings.items() if ATTRIBUTE_KEY.search(key)), "")
    lists = [each for each in value.values() if isinstance(each, list) and len(each) == 2]
    captions = [text for key, text in strings.items() if not ATTRIBUTE_KEY.search(key)]
    if len(captions) > 2:
        marked = [next((t for k, t in strings.items() if key.search(k)), None) for key in (FIRST_KEY, SECOND_KEY)]
        captions = [text for text in marked if text is not None]
    if len(captions) != 2 and len(lists) == 1 and all(isinstance(text, str) for text in lists[0]):
        captions = lists[0]
    return _difference(attribute, captions[0], captions[1]) if len(captions) == 2 else None


def _in_list(value: list[object]) -> Difference | None:
    """`[attribute, caption, caption]`."""
    texts = [text for text in value if isinstance(text, str)]
    return _difference(*texts) if len(texts) == len(value) == 3 else None


def _in_lines(text: str) -> Iterator[Difference]:
    attribute, waiting = "", ""
    for line in lines(text):
        label = LINE_LABEL.match(line)
        rest = line[label.end() :] if label else line
        if is_chatter(line):
            continue
        if len(rest.split()) < FEWEST_WORDS or rest.endswith(":"):
            attribute, waiting = (rest or line).rstrip(":"), ""
        elif waiting:
            found = _difference(attribute, waiting, rest)
            waiting = ""
            if found is not None:
                yield found
        else:
            waiting = rest


def _difference(attribute: str, first: str, second: str) -> Difference | None:
    one, other = _caption(first), _caption(second)
    return Difference(" ".join(lines(attribute)[:1])[:80], one, other) if one and other else None


def _caption(text: str) -> str:
    """The first line of a caption without quotes, or nothing if it is none."""
    line = next(iter(lines(text)), "").replace('"', "")
    usable = LETTER.search(line) and not re.search(r"[{}<>]", line) and not is_chatter(line)
    return " ".join(line.split()) if usable else ""


def _named(caption: str, first: str, second: str) -> set[str]:
    """Which of the two names a caption has in it; a name within the other one is not counted."""
    rest, found = caption.casefold(), set()
    for name in sorted((first, second), key=len, reverse=True):
        without = _pattern(name).sub(" ", rest)
        if without != rest:
            found.add(name)
        rest = without
    return found


def _pattern(name: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, name.casefold().split()))
    return re.compile(rf"(?<!\w){words}(?:s|es)?(?!\w)" if name.isascii() else words)


def _introduced(caption: str, name: str) -> str:
    if _pattern(name).search(caption.casefold()):
        return caption
    return f"{fill(PHOTO_TEMPLATE, name).rstrip('.')}, {caption}"


def _says_more(caption: str, name: str) -> bool:
    """Whether a caption has words other than those of the name."""
    return LETTER.search(_pattern(name).sub(" ", caption.casefold())) is not None
