"""The place for the class name in texts from files, in the notations of their makers."""

import re

from evaluators import PLACEHOLDER, fill, normalize_template
from prompt_search.errors import PromptError

__all__ = ["filled", "has_place", "template"]

UNKNOWN = re.compile(r"\{[^{}]+\}")


def template(text: str) -> str:
    """A text as a template, with `{}` where the name goes.

    Raises:
        PromptError: if there is no place for the name, or something else in braces.

    >>> template("a {0} in the wild")
    'a {} in the wild'
    """
    found = normalize_template(text.replace("{0}", PLACEHOLDER))
    if unknown := UNKNOWN.search(found):
        raise PromptError(
            f"the template {found[:80]!r} has {unknown[0][:40]!r} in it; only the class name can be filled in, "
            f"at {PLACEHOLDER}"
        )
    return found


def has_place(text: str) -> bool:
    """Whether a text has a place for the class name."""
    try:
        normalize_template(text.replace("{0}", PLACEHOLDER))
    except PromptError:
        return False
    return True


def filled(text: str, name: str) -> str:
    """A text with the name in every place for one, and single spaces."""
    return fill(normalize_template(text), name) if has_place(text) and "{0}" not in text else " ".join(text.split())
