"""Templates: texts with a place for the class name, written `{}`."""

import re
from functools import cache

from evaluators.errors import PromptError

__all__ = ["PHOTO_TEMPLATE", "PLACEHOLDER", "fill", "general_templates", "normalize_template"]

PLACEHOLDER = "{}"
PHOTO_TEMPLATE = "a photo of a {}."

OTHER_PLACEHOLDERS = re.compile(
    r"\{\s*(?:c|cls|class|classname|class_name|class name|category|label|name|object)\s*\}"
    r"|<\s*(?:c|cls|class|classname|class_name|class name|category|label|name|object)\s*>"
    r"|\[\s*(?:cls|class|classname|class_name|class name|category|label)\s*\]"
    r"|\{\s+\}",
    re.IGNORECASE,
)


def fill(template: str, name: str) -> str:
    """Put a class name in every placeholder. Plain replacement: braces in either text are just braces.

    >>> fill("a photo of a {}.", "cat {0}")
    'a photo of a cat {0}.'
    """
    return template.replace(PLACEHOLDER, name)


def normalize_template(text: str) -> str:
    """Accept the placeholders of other methods, fold white space, and insist on a placeholder.

    Raises:
        PromptError: if there is no placeholder.

    >>> normalize_template("a  sketch of a <CLASS>.")
    'a sketch of a {}.'
    """
    template = " ".join(OTHER_PLACEHOLDERS.sub(PLACEHOLDER, text).split())
    if PLACEHOLDER not in template:
        raise PromptError(
            f"the template {text[:80]!r} has no place for the class name; write {PLACEHOLDER} where it goes"
        )
    return template


@cache
def general_templates() -> tuple[str, ...]:
    """The 80 ImageNet templates of CLIP (Radford et al. 2021), taken from open_clip as it is installed."""
    from open_clip import OPENAI_IMAGENET_TEMPLATES

    return tuple(template(PLACEHOLDER) for template in OPENAI_IMAGENET_TEMPLATES)
