"""What is asked about each class: CuPL's questions (Pratt et al. 2023), and ProAPO's, asked once before its search."""

import json
import re
import unicodedata
from collections.abc import Sequence

from evaluators import ClassLabel
from optimizers.language_model import Message
from optimizers.meta_prompts.as_data import about_images, quoted

__all__ = [
    "class_questions",
    "descriptions_question",
    "domain_question",
    "questions_turns",
    "synonyms_question",
]

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


def class_questions(name: str, description: str, extra: Sequence[str] = ()) -> list[tuple[Message, ...]]:
    """CuPL's three general questions about a class, and others (with `{}` for the name).

    The article follows from the name: a cat, an owl. The user's description of the images goes with the question about
    an image alone, at its end: in all of them, and in front, small models repeat it and say nothing of the class.
    """
    thing = f"{article(name)} {quoted(name)}"
    questions = [
        f"Describe what {thing} looks like. {SEEN}",
        f"How can you identify {thing}? {SEEN}",
        f"Describe an image of {thing}. {SEEN} {about_images(description)}".strip(),
        *(f"{question.replace('{}', quoted(name))} {SEEN}" for question in extra),
    ]
    return [(Message("user", question),) for question in questions]


SEEN = "Answer with one sentence about what can be seen, without a list."


def questions_turns(classes: Sequence[ClassLabel], description: str, count: int) -> tuple[Message, ...]:
    """Asks for questions about any class of these images, `{}` for its name (MPVR, Mirza et al. 2024).

    As there, a finished example comes first: other images, and questions that fit them.
    """
    return (
        Message("user", _questions_for('The images are described as "Photos of the land from above.".', 3)),
        Message("assistant", json.dumps({"list": list(FROM_ABOVE)})),
        Message("user", _questions_for(about_images(description, classes), count)),
    )


FROM_ABOVE = (
    "What does {} look like from above?",
    "Which colours and patterns does {} have in a satellite photo?",
    "What is usually seen around {} in a photo from the air?",
)
"""The example's questions; its images are of nobody's."""


def _questions_for(about: str, count: int) -> str:
    return (
        f"{about} Write {count} questions whose answers describe what can be seen in such an image, whatever its "
        f"class. Write {{}} where the name of the class goes, once in each question. {ONE_PER_LINE}"
    )


ONE_PER_LINE = "One per line, nothing else."


def domain_question(classes: Sequence[ClassLabel], description: str, count: int) -> Message:
    """Asks for words that say what kind of images these are, or of what kind all the classes are."""
    return Message(
        "user",
        f"{about_images(description, classes)} Give {count} different words, or phrases of two words, that say what "
        'kind of thing all of them show (as "flower" does for a rose and a tulip) or what kind of image they are (as '
        f'"satellite photo" does). {ONE_PER_LINE}',
    )


def synonyms_question(name: str, description: str, count: int) -> Message:
    """Asks for other names of a class."""
    about = f"{about_images(description)} One of the classes is {quoted(name)}.".strip()
    return Message("user", f"{about} Give {count} other names that people use for it. {ONE_PER_LINE}")


def descriptions_question(name: str, description: str, count: int) -> Message:
    """Asks for sentences about what can be seen of a class."""
    return Message(
        "user",
        f"{about_images(description)} What are useful visual features for telling {article(name)} {quoted(name)} apart "
        f'in an image? Give {count} short sentences that begin with "It", each about one feature that can be seen. '
        f"{ONE_PER_LINE}".strip(),
    )
