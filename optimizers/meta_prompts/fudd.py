"""FuDD's question about two classes (Esfandiarpoor and Bach 2024)."""

import json

from optimizers.language_model import Message
from optimizers.meta_prompts.as_data import about_images, quoted

__all__ = ["pair_question", "pair_schema"]

CAPTION = {"type": "string", "minLength": 12, "maxLength": 160}


def pair_question(first: str, second: str, description: str, attributes: int) -> tuple[Message, ...]:
    """Asks for up to `attributes` visual attributes in which two classes differ, with one caption per class for each.

    Args:
        first, second: the names of the classes.
        description: the user's words about the images, or empty.
        attributes: at least 1.
    """
    one, other = quoted(first), quoted(second)
    most = f"1 to {attributes} attributes" if attributes > 1 else "1 attribute"
    parts = [
        about_images(description),
        f"An image shows {one} or {other}. In which visual attributes do the two differ? Name {most} that can be seen.",
        f"For each attribute write two captions: the first for an image of {one}, the second for an image of {other}. "
        "Each caption names its own class and says how the attribute looks there.",
        'Answer with JSON: {"differences": [{"attribute": "...", "first": "...", "second": "..."}]}.',
    ]
    return (Message("user", " ".join(part for part in parts if part)),)


def pair_schema(attributes: int) -> str:
    """The shape of the answer, for models that can be held to one."""
    difference = {
        "type": "object",
        "properties": {
            "attribute": {"type": "string", "minLength": 3, "maxLength": 40},
            "first": CAPTION,
            "second": CAPTION,
        },
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
