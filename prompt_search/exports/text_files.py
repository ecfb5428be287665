"""What several forms of text share: braces, names that stand for one class only, lines, JSON."""

import json
from collections import Counter
from collections.abc import Sequence

from evaluators import PLACEHOLDER, Candidate, ClassLabel
from prompt_search.errors import PromptError

__all__ = ["check_names_differ", "format_template", "json_bytes", "line_bytes", "shared_templates"]


def json_bytes(value: object) -> bytes:
    """A JSON value as a file's content."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def line_bytes(lines: Sequence[str], what: str) -> bytes:
    """Texts one a line, as a file's content.

    Raises:
        PromptError: if a text would not come back as it is: it has a line break in it, or spaces around it.
    """
    for line in lines:
        if line.splitlines() != [line] or line != line.strip():
            raise PromptError(f"the {what} {line[:60]!r} can't be a line of a file; it has line breaks or outer spaces")
    return ("\n".join(lines) + "\n").encode()


def format_template(template: str, place: str = PLACEHOLDER) -> str:
    """A template for a consumer that calls `str.format`: braces that are just braces are doubled.

    Args:
        place: what the consumer has for the class name: `{}`, or with a name, `{c}`.

    >>> format_template("a {} with a brace } in it", "{c}"), format_template("a {}, a kind of {}.")
    ('a {c} with a brace }} in it', 'a {0}, a kind of {0}.')
    """
    several = place == PLACEHOLDER and template.count(PLACEHOLDER) > 1
    written = "{0}" if several else place  # each bare {} would ask for an argument of its own
    return written.join(part.replace("{", "{{").replace("}", "}}") for part in template.split(PLACEHOLDER))


def shared_templates(prompts: Candidate, consumer: str) -> tuple[str, ...]:
    """The templates of prompts that consist of templates.

    Raises:
        PromptError: if classes have texts of their own, which the consumer has no place for.
    """
    plain = prompts.compiled()
    if not plain.shared_only:
        raise PromptError(
            f"these prompts have texts of each class's own, and {consumer} takes templates only; "
            "export to safetensors (loads anywhere) or cupl instead"
        )
    return plain.templates


def check_names_differ(classes: Sequence[ClassLabel]) -> None:
    """Refuse class names that stand for several classes, for files that are keyed by name.

    Raises:
        PromptError: naming them.
    """
    counts = Counter(label.name for label in classes)
    repeated = [name for name, n in counts.items() if n > 1]
    if repeated:
        raise PromptError(
            f"a file keyed by class name would lose classes: several are called {', '.join(map(repr, repeated[:8]))}; "
            "give them different names in classes.json, or export to safetensors"
        )
