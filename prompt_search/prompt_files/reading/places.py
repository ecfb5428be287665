"""The place for the class name in texts from files, in the notations of their makers."""

import re

from evaluators import PLACEHOLDER, fill, normalize_template
from prompt_search.errors import PromptError

__all__ = ["filled", "has_place", "template"]

UNKNOWN = re.compile(r"\{[^{}]+\}")
DOUBLED = re.compile(r"\{(\{[^{}]*\})\}")
"""As `str.format` and f-strings write a brace."""
NUMBERED = re.compile(r"\{\s*0\s*\}")


def template(text: str) -> str:
    """A text as a template, with `{}` where the name goes.

    Raises:
        PromptError: if there is no place for the name, or something else in braces.

    >>> template("a {0} in the wild"), template("a {{c}} at home")
    ('a {} in the wild', 'a {} at home')
    """
    found = normalize_template(_single(text))
    if unknown := UNKNOWN.search(found):
        raise PromptError(
            f"the template {found[:80]!r} has {unknown[0][:40]!r} in it; only the class name can be filled in, "
            f"at {PLACEHOLDER}"
        )
    return found


def has_place(text: str) -> bool:
    """Whether a text has a place for the class name."""
    try:
        normalize_template(_single(text))
    except PromptError:
        return False
    return True


def filled(text: str, name: str) -> str:
    """A text with the name in every place for one, and single spaces. A name with braces that is there stays.

    >>> filled("a {0}, or  {{c}}", "red fox"), filled("no  place", "red fox")
    ('a red fox, or red fox', 'no place')
    """
    own_braces = has_place(name) and name in text
    return (
        fill(normalize_template(_single(text)), name) if has_place(text) and not own_braces else " ".join(text.split())
    )


def _single(text: str) -> str:
    return NUMBERED.sub(PLACEHOLDER, DOUBLED.sub(r"\1", text))
