"""The shapes replies should have, for models that can be held to one."""

import json

__all__ = ["PHRASE", "SENTENCE", "TEMPLATE_SCHEMA", "list_schema"]

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
"""One template of plain words with one placeholder.

Small models fill every freedom they are given with noise: without the words they write file names and code.
"""

PHRASE = "^[A-Za-z][a-z']{1,14}( [A-Za-z][a-z']{1,14}){0,2}$"
SENTENCE = "^(It|Its)( [a-z']{1,14},?){3,14}\\.$"


def list_schema(item: str, most: int) -> str:
    """One to `most` texts that all match a regular expression: `PHRASE`, `SENTENCE`."""
    items = {"type": "array", "items": {"type": "string", "pattern": item}, "minItems": 1, "maxItems": most}
    return json.dumps(
        {"type": "object", "properties": {"list": items}, "required": ["list"], "additionalProperties": False}
    )
