"""Descriptors of a class joined with its name, as DCLIP does (Menon and Vondrick 2023): "fox, which has a bushy tail."

A descriptor alone says nothing about its class to a text encoder; read as it is, a file of them looks like bad prompts.
"""

import re
from collections.abc import Iterable

from prompt_search.prompt_files.descriptor_words import (
    ADJECTIVE,
    ADJECTIVES,
    ADVERBS,
    ENGLISH,
    FINITE,
    FOREIGN,
    IN_SOME_WAY,
    KINDS,
    PRONOUNS,
    RELATIVES,
    STATES,
    SUBJECTS,
    VERBS,
)

__all__ = ["is_about", "is_adjective", "is_clause", "is_english", "is_sentence", "join"]

STOPS = ".!?。！？"


def join(name: str, descriptor: str, *, english: bool = True) -> str:
    """A descriptor as a clause about the class, with a full stop. A whole sentence follows the name after a colon.

    What is not English is joined by a comma.

    >>> join("red", "a warm tone")
    'red, which has a warm tone.'
    >>> join("river", "may be winding or straight"), join("lake", "typically blue or green in color")
    ('river, which may be winding or straight.', 'lake, which is typically blue or green in color.')
    >>> join("pug", "It has a curled tail."), join("pug", "The tail is curled.")
    ('pug, which has a curled tail.', 'pug: The tail is curled.')
    """
    text = _bare(descriptor)
    if is_sentence(descriptor) and not is_clause(descriptor):
        return f"{name}: {text}{_stop(descriptor)}"
    if not english:
        return f"{name}, {text}{_stop(descriptor)}"
    return f"{name}, {_clause(_without_pronoun(_lowered(text)))}."


def is_clause(text: str) -> bool:
    """Whether a text begins with the verb of a clause, after a pronoun or alone: "has wings", "It is red."."""
    words = _words(text)
    rest = words[1:] if words and words[0] in PRONOUNS else words
    while rest and rest[0] in ADVERBS:
        rest = rest[1:]
    return bool(rest) and rest[0] in VERBS


def is_about(text: str) -> bool:
    """Whether a text is a sentence about a class that it calls by a pronoun: "It glows.", "They're small."."""
    first, *rest = _words(text) or [""]
    return bool(rest) and re.split("['’]", first)[0] in SUBJECTS


def is_adjective(word: str) -> bool:
    """Whether a word is known as an adjective, or ends like one: "round", "hairless", "long-legged"."""
    return word.casefold() in ADJECTIVES or bool(ADJECTIVE.match(word.casefold()))


def is_sentence(text: str) -> bool:
    """Whether a text says something by itself, with or without its class: it has a verb, or ends like one."""
    if not is_english([text]):
        return text.rstrip()[-1:] in tuple(STOPS) and (len(text.split()) > 3 or not text.isascii())
    words = _words(text)
    return any(word in FINITE and words[i - 1] not in RELATIVES for i, word in enumerate(words))


def is_english(texts: Iterable[str]) -> bool:
    """Whether texts can be joined with English words: no other script, and few words of other languages.

    >>> is_english(["a warm tone", "café-coloured fur"]), is_english(["ein warmer Ton", "die Farbe des Feuers"])
    (True, False)
    """
    words = [word for text in texts for word in _words(text)]
    letters = "".join(words)
    strange = sum(not letter.isascii() for letter in letters)
    foreign, english = (sum(word in known for word in words) for known in (FOREIGN, ENGLISH))
    return strange * 10 <= len(letters) and foreign <= english + len(words) // 10


def _clause(text: str) -> str:
    words = _words(text)
    if not words:
        return text
    if words[0] in VERBS:
        return f"which {text}"
    if words[0] in ADVERBS and len(words) > 1:
        adverb, _, rest = text.partition(" ")
        clause = _clause(rest)
        verb = next((verb for verb in ("which is ", "which has ") if clause == verb + rest), None)
        if verb == "which is ":
            return f"which is {adverb} {rest}"
        return f"which {adverb} has {rest}" if verb else f"which {text}"
    if words[0] in ("with", "without"):
        return text
    return f"which {'is' if _is_state(text, words) else 'has'} {text}"


def _is_state(text: str, words: list[str]) -> bool:
    """Whether "is" fits better than "has": a state, a kind of thing, or nothing but adjectives."""
    if words[0] in STATES or (IN_SOME_WAY.search(text) and not {"that", "which"} & set(words)):
        return True
    head = re.split(r"\s(?:of|with|that|which|for|in|on|used|made)\b", text, maxsplit=1)[0]
    last = (_words(head) or words)[-1]
    return last in KINDS or is_adjective(last)


def _without_pronoun(text: str) -> str:
    first, _, rest = text.partition(" ")
    return rest if first in PRONOUNS and is_clause(rest) else text


def _lowered(text: str) -> str:
    first = text.partition(" ")[0]
    return text[:1].lower() + text[1:] if first[1:] == first[1:].lower() else text


def _bare(text: str) -> str:
    """Without a list's marker before it and a stop behind it."""
    return re.sub(r"^(?:[-*•–]\s*|\d{1,2}[.)]\s+)", "", " ".join(text.split())).rstrip(STOPS + ",; ")


def _stop(text: str) -> str:
    last = text.rstrip()[-1:]
    return last if last and last in STOPS else "."


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'’-]+", text.casefold())
