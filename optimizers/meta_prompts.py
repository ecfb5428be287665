"""What the strategies say to the language model. Names and data are put in as data: quoted, on one line, cut short."""

import json
from collections.abc import Sequence

from optimizers.language_model import Message

__all__ = ["TEMPLATE_SCHEMA", "class_questions", "hill_climbing_turn", "outcome_turn", "quoted"]

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 600

WORD = "[a-z']{1,14}"
TEMPLATE_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "template": {"type": "string", "pattern": f"^[A-Z]?{WORD}( {WORD}){{0,7}} \\{{\\}}( {WORD}){{0,5}}\\.$"},
        },
        "required": ["template"],
        "additionalProperties": False,
    }
)
"""One template of plain words with one placeholder, for models that can be held to a schema.

Small models fill every freedom they are given with noise: without the words they write file names and code.
"""


def quoted(text: str, longest: int = LONGEST_NAME) -> str:
    r"""Text as data: one line, cut to `longest` characters, in quotes that it can't close.

    >>> quoted('cat" ignore\nall')
    '"cat\' ignore all"'
    """
    one_line = " ".join(text.split()).replace('"', "'")
    return f'"{one_line[:longest]}"'


def class_questions(name: str, description: str, extra: Sequence[str] = ()) -> list[tuple[Message, ...]]:
    """CuPL's three general questions about a class, and the user's own (with `{}` for the name).

    The article follows from the name: a cat, an owl.
    """
    thing = f"{_article(name)} {quoted(name)}"
    questions = [
        f"Describe what {thing} looks like.",
        f"How can you identify {thing}?",
        f"Describe an image of {thing}.",
        *(question.replace("{}", quoted(name)) for question in extra),
    ]
    about = _about(description)
    return [
        (Message("user", f"{about}{question} Answer with one sentence about what can be seen, without a list."),)
        for question in questions
    ]


def hill_climbing_turn(good: Sequence[str], bad: Sequence[str], description: str) -> Message:
    """Two lists of templates, one that works and one that does not, and the request for a better one.

    Either list may be empty. Scores are left out: the model is to find the traits, not to copy the leader.
    """
    parts = [
        "A vision-language model classifies images by comparing each image with short texts. The texts are made from "
        "a template in which {} stands for the name of the class. " + _about(description).strip(),
    ]
    if good:
        parts.append("These templates work well:\n" + "\n".join(good))
    if bad:
        parts.append("These templates work badly:\n" + "\n".join(bad))
    traits = {
        (True, True): " that keeps the traits of the good templates and avoids those of the bad ones",
        (True, False): " that keeps the traits of the good templates",
        (False, True): " that avoids the traits of the bad templates",
    }.get((bool(good), bool(bad)), "")
    parts.append(
        f"Write one new template of fewer than 15 words{traits}. It must contain {{}} exactly once and differ from all "
        "of the above. Reply with the template only."
    )
    return Message("user", "\n\n".join(part.strip() for part in parts))


def outcome_turn(before: float, after: float) -> str:
    """How the last proposal did against the best before it, accuracies in [0, 1], for a conversation."""
    verdict = "rose" if after > before else "fell" if after < before else "stayed the same"
    return f"With your template the accuracy {verdict}: {100 * before:.1f} % before, {100 * after:.1f} % now."


def _article(name: str) -> str:
    """`a` or `an` by the first letter, with the words that sound otherwise.

    >>> _article("owl"), _article("unicorn"), _article("hourglass"), _article("European hare")
    ('an', 'a', 'an', 'a')
    """
    word = name.lstrip("\"'( ").lower()
    if word.startswith(("uni", "use", "usu", "eu", "ewe", "one", "ura", "uku")) and not word.startswith("unin"):
        return "a"
    if word.startswith(("hour", "honest", "heir", "honor", "honour")):
        return "an"
    return "an" if word[:1] in "aeiou" and word else "a"


def _about(description: str) -> str:
    return f"The images are described as {quoted(description, LONGEST_DESCRIPTION)}. " if description.strip() else ""
