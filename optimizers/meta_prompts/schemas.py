"""The shapes replies should have, for models that can be held to one.

Each comes in two: a loose one, whose texts are free but for their length, and a tight one of plain words for small
models, which fill every freedom they are given with noise: without the words they write file names and code. What the
loose ones let through that is no template, name or sentence, the readers of `optimizers.replies` drop.
"""

import json

__all__ = [
    "PHRASE",
    "QUESTION",
    "SENTENCE",
    "SMALL_TEMPLATE_SCHEMA",
    "TEMPLATE_SCHEMA",
    "phrase_schema",
    "sentence_schema",
    "small_list_schema",
]

LONGEST_TEMPLATE = 200
LONGEST_PHRASE = 60
LONGEST_SENTENCE = 200

WORD = "[a-z']{1,14}"
PLAIN_TEMPLATE = f"^[A-Z]?{WORD}( {WORD}){{0,7}} \\{{\\}}( {WORD}){{0,5}}\\.$"
PHRASE = "^[A-Za-z][a-z']{1,14}( [A-Za-z][a-z']{1,14}){0,2}$"
QUESTION = "^(What|How|Which|Where|Describe)( [a-z']{1,14}){1,10} \\{\\}( [a-z']{1,14}){0,8}[?.]$"
SENTENCE = "^(It|Its)( [a-z']{1,14},?){3,14}\\.$"


def _object(name: str, value: dict[str, object]) -> str:
    return json.dumps(
        {"type": "object", "properties": {name: value}, "required": [name], "additionalProperties": False}
    )


TEMPLATE_SCHEMA = _object("template", {"type": "string", "minLength": 3, "maxLength": LONGEST_TEMPLATE})
"""One template."""

SMALL_TEMPLATE_SCHEMA = _object("template", {"type": "string", "pattern": PLAIN_TEMPLATE})
"""One template of at most eight plain words before its placeholder and five after it."""


def phrase_schema(most: int) -> str:
    """One to `most` names or words."""
    return _list_schema({"minLength": 2, "maxLength": LONGEST_PHRASE}, most)


def sentence_schema(most: int) -> str:
    """One to `most` sentences."""
    return _list_schema({"minLength": 3, "maxLength": LONGEST_SENTENCE}, most)


def small_list_schema(pattern: str, most: int) -> str:
    """One to `most` texts that all match a regular expression: `PHRASE`, `SENTENCE`."""
    return _list_schema({"pattern": pattern}, most)


def _list_schema(text: dict[str, object], most: int) -> str:
    items = {"type": "string", **text}
    return _object("list", {"type": "array", "items": items, "minItems": 1, "maxItems": most})
