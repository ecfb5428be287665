"""`a` or `an`, by the sound of what follows."""

import re
import unicodedata

__all__ = ["article"]

LETTERS_WITH_AN = frozenset("aefhilmnorsx")
"""Letters whose names begin with a vowel: an F-16, an X-ray, an MRI."""

TOKEN = re.compile(r"[^\W_]+")
LONE_LETTER = re.compile(r"[A-Za-z](?:\d|$)")
SPELLED = re.compile(r"(?:[B-DF-HJ-NP-TV-XZ]+[AEIO]?|[A-Z]{1,3}\d+|U[A-Z]{1,2}|LED|SUV|SOS)")
"""Acronyms that are said letter by letter: capitals without a vowel before the last, and a few more."""

LIKE_YOU = re.compile(r"u(?:ni(?![nmd])|s[aeu]|t[eio]|k[ru]|r[aeo]|bi|gan|nan)|eu|ewe|one(?:s|$)|once")
SILENT_H = re.compile(r"hour|heir|honest|honou?r|hors$")
AN_NUMBER = re.compile(r"8|1[18]$")


def article(name: str) -> str:
    """The indefinite article of a name.

    By its first letter, but by the sound of acronyms, single letters and numbers, and with the words that sound
    otherwise than they look.

    >>> [article(name) for name in ("owl", "unicorn", "hourglass", "European hare", "X-ray", "MRI scan", "UFO")]
    ['an', 'a', 'an', 'a', 'an', 'an', 'a']
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    found = TOKEN.search(plain)
    if found is None:
        return "a"
    token, word = found.group(), found.group().lower()
    if word[0].isdigit():
        vowel = AN_NUMBER.match(word) is not None
    elif LONE_LETTER.match(token) or SPELLED.fullmatch(token):
        vowel = word[0] in LETTERS_WITH_AN
    else:
        vowel = SILENT_H.match(word) is not None or (word[0] in "aeiou" and LIKE_YOU.match(word) is None)
    return "an" if vowel else "a"
