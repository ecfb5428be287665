"""Descriptors of a class joined with its name, as DCLIP does (Menon and Vondrick 2023): "fox, which has a bushy tail."

A descriptor alone says nothing about its class to a text encoder; read as it is, a file of them looks like bad prompts.
"""

import re
from collections.abc import Iterable

from evaluators import PHOTO_TEMPLATE, fill
from prompt_search.prompt_files.reading.descriptor_words import (
    ADJECTIVE,
    ADJECTIVES,
    ADVERBS,
    DETERMINERS,
    ENGLISH,
    FINITE,
    FOREIGN,
    IN_SOME_WAY,
    KINDS,
    PARTS,
    PICTURE,
    PRONOUNS,
    RELATIVES,
    STATES,
    SUBJECTS,
    TYPICAL,
    VERBS,
)

__all__ = ["is_about", "is_adjective", "is_clause", "is_english", "is_picture", "is_sentence", "join", "takes_english"]

STOPS = ".!?。！？"


def join(name: str, descriptor: str, *, english: bool = True) -> str:
    """A descriptor as a clause about the class, with a full stop. A whole sentence follows the name after a colon.

    What is not English, or neither clearly what a class has nor what it is, is joined by a comma.

    >>> join("red", "a warm tone")
    'red, which has a warm tone.'
    >>> join("river", "may be winding or straight"), join("lake", "typically blue or green in color")
    ('river, which may be winding or straight.', 'lake, which is typically blue or green in color.')
    >>> join("pug", "It has a curled tail."), join("pug", "The tail is curled.")
    ('pug, which has a curled tail.', 'pug: The tail is curled.')
    >>> join("fox", "It hunts at night."), join("fox", "sleeping on a sofa")
    ('a photo of a fox. It hunts at night.', 'fox, sleeping on a sofa.')
    """
    text = _bare(descriptor)
    if english and is_about(text) and not is_clause(text):
        return f"{fill(PHOTO_TEMPLATE, name)} {text[:1].upper()}{text[1:]}{_stop(descriptor)}"
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


def is_picture(text: str) -> bool:
    """Whether a text begins as a whole prompt does: "a photo of ..."."""
    return bool(PICTURE.match(_bare(text)))


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


def takes_english(texts: Iterable[str]) -> bool:
    """Whether a list's texts are in English for certain, so that "which has" fits before them.

    >>> takes_english(["pointed ears", "a warm tone"]), takes_english(["spitze Ohren", "buschiger Schwanz"])
    (True, False)
    """
    every = list(texts)
    words = [word for text in every for word in _words(text)]
    articles = sum(text.casefold().startswith(("a ", "an ")) and len(text.split()) > 2 for text in every)
    known = articles + sum(word in TYPICAL or any(map(PARTS.__contains__, _singulars(word))) for word in words)
    return is_english(every) and known > sum(word in FOREIGN for word in words)


def _clause(text: str) -> str:
    words = _words(text)
    if not words:
        return text
    if words[0] in VERBS:
        return f"which {text}"
    if words[0] in ADVERBS and len(words) > 1:
        adverb, _, rest = text.partition(" ")
        clause = _clause(rest)
        if clause == rest:
            return text
        verb = next((verb for verb in ("which is ", "which has ") if clause == verb + rest), None)
        if verb == "which is ":
            return f"which is {adverb} {rest}"
        return f"which {adverb} has {rest}" if verb else f"which {text}"
    if words[0] in ("with", "without") or is_picture(text):
        return text
    if _is_state(text, words):
        return f"which is {text}"
    return f"which has {text}" if _is_thing(text, words) else text


def _is_state(text: str, words: list[str]) -> bool:
    """Whether "is" fits better than "has": a state, a kind of thing, or nothing but adjectives."""
    if words[0] in STATES or (IN_SOME_WAY.search(text) and not {"that", "which"} & set(words)):
        return True
    head = _head(text) or words
    sized = head[0] in DETERMINERS and any(word.endswith("sized") for word in head) and not _is_part(head[-1])
    return sized or head[-1] in KINDS or is_adjective(head[-1])


def _is_thing(text: str, words: list[str]) -> bool:
    """Whether a text is clearly what something has: "four legs", "dark, expressive eyes", "a ruff of fur"."""
    head = _head(text) or words
    if _is_part(head[-1]) or words[0] in DETERMINERS or words[0].isdigit():
        return True
    if words[0].endswith(("ing", "s")):  # "chasing birds", "chases birds"
        return False
    return words[0] in ADJECTIVES or (len(head) > 1 and _is_plural(head[-1]))


def _head(text: str) -> list[str]:
    """The words of a phrase before what is said more closely."""
    return _words(
        re.split(r"\s(?:of|with|that|which|for|in|on|at|from|by|around|used|made|over)\b", text, maxsplit=1)[0]
    )


def _is_part(word: str) -> bool:
    return any(each in PARTS for each in _singulars(word))


def _is_plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


def _singulars(word: str) -> tuple[str, ...]:
    return (word, word.removesuffix("s"), word.removesuffix("es"))


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
