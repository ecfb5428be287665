"""FuDD's question about two classes (Esfandiarpoor and Bach 2024)."""

import json
from collections.abc import Mapping

from optimizers.language_model import Message
from optimizers.meta_prompts.as_data import about_images, quoted

__all__ = ["pair_question", "pair_schema", "small_pair_schema"]

PLAIN_ATTRIBUTE = "^[a-z]{3,12}( [a-z]{3,12})?$"
PLAIN_LOOK = "^(with|in|on|at|of)( [a-z']{1,12},?){2,9}$"


def pair_question(first: str, second: str, description: str, attributes: int) -> tuple[Message, ...]:
    """Asks for up to `attributes` visual attributes in which two classes differ, and how each looks in either.

    What is asked for goes behind "a photo of a cat, ", as in the reference's own texts; `own_descriptions` puts that in
    front. The user's description comes last: before the question it is what many captions say.

    Args:
        first, second: the names of the classes.
        description: the user's words about the images, or empty.
        attributes: at least 1.
    """
    one, other = quoted(first), quoted(second)
    most = f"1 to {attributes} attributes" if attributes > 1 else "1 attribute"
    parts = [
        f"An image shows {one} or {other}. In which visual attributes do the two differ? Name {most} that can be seen.",
        f'For each attribute say how it looks, in words that go on after "a photo of": first in an image of {one}, '
        f"second in an image of {other}.",
        'Answer with JSON: {"differences": [{"attribute": "...", "first": "with ...", "second": "with ..."}]}.',
        about_images(description),
    ]
    return (Message("user", " ".join(part for part in parts if part)),)


def pair_schema(attributes: int) -> str:
    """The shape of the answer, for models that can be held to one."""
    caption = {"type": "string", "minLength": 12, "maxLength": 160}
    return _schema({"type": "string", "minLength": 3, "maxLength": 40}, caption, attributes)


def small_pair_schema(attributes: int) -> str:
    """The same in plain words, for small models: they fill freedom with file names."""
    look = {"type": "string", "pattern": PLAIN_LOOK}
    return _schema({"type": "string", "pattern": PLAIN_ATTRIBUTE}, look, attributes)


def _schema(attribute: Mapping[str, object], caption: Mapping[str, object], attributes: int) -> str:
    difference = {
        "type": "object",
        "properties": {"attribute": attribute, "first": caption, "second": caption},
        "required": ["attribute", "first", "second"],
        "additionalProperties": False,
    }
    return json.dumps(
        {
            "type": "object",
            "properties": {
                "differences": {"type": "array", "minItems": 1, "maxItems": attributes, "items": difference},
            },
            "required": ["differences"],
            "additionalProperties": False,
        }
    )
