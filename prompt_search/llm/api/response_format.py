"""How a model behind an API is held to a schema: what is asked of its server, and what a reply shows of it."""

import json
from typing import Any, Literal

from optimizers.language_model import Reply
from optimizers.replies import answer_in

__all__ = [
    "FORMS",
    "JSON",
    "LOOSE",
    "STRICT",
    "TYPES",
    "Form",
    "asked_form",
    "level_of",
    "response_format",
    "shown_form",
    "without_bounds",
]

Form = Literal["schema", "json", "text"]
FORMS: tuple[Form, ...] = ("schema", "json", "text")
"""The firmest first."""

STRICT, BARE, LOOSE, JSON, NONE = range(5)
TYPES = ("json_schema", "json_schema", "json_schema", "json_object", "none")
"""By level, the firmest first: strict and with bounds, strict without them (some providers are strict only with schemas
that bound no lengths), not strict, any JSON, anything."""

BOUNDS = {"minLength", "maxLength", "pattern", "minItems", "maxItems"}


def response_format(schema: Any, level: int) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The part of a body that asks for it at a level, `STRICT` to `NONE`.

    >>> response_format({"type": "object"}, STRICT)["response_format"]["json_schema"]
    {'name': 'reply', 'schema': {'type': 'object'}, 'strict': True}
    """
    if level == NONE:
        return {}
    if level == JSON:
        return {"response_format": {"type": "json_object"}}
    held = {"name": "reply", "schema": without_bounds(schema) if level == BARE else schema}
    strictly = {"strict": True} if level < LOOSE else {}
    return {"response_format": {"type": "json_schema", "json_schema": held | strictly}}


def without_bounds(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """A JSON schema without what limits lengths and patterns: the readers of replies hold to those.

    >>> without_bounds({"type": "array", "maxItems": 2, "items": {"type": "string", "minLength": 3}})
    {'type': 'array', 'items': {'type': 'string'}}
    """
    if not isinstance(schema, dict):
        return schema
    free = {key: without_bounds(value) for key, value in schema.items() if key not in BOUNDS}
    if "properties" in schema:  # whose keys are names of the reply's
        free["properties"] = {name: without_bounds(value) for name, value in schema["properties"].items()}
    return free


def level_of(asked: dict[str, Any]) -> int:
    """The least firm level that has this value of `response_format`."""
    held = asked.get("json_schema")
    if held is None:
        return JSON
    if not held.get("strict"):
        return LOOSE
    return BARE if held["schema"] == without_bounds(held["schema"]) else STRICT


def asked_form(body: dict[str, Any]) -> Form:
    """What a body asks for."""
    kind = body.get("response_format", {}).get("type")
    return "schema" if kind == "json_schema" else "json" if kind == "json_object" else "text"


def shown_form(reply: Reply, schema: Any) -> Form:  # noqa: ANN401 - any JSON
    """The firmest form that a reply can have been held to; an empty one shows nothing, a cut one how it begins.

    >>> shown_form(Reply("a photo of a {}."), {"type": "object"}), shown_form(Reply('{"a'), {"type": "object"})
    ('text', 'text')
    """
    answer = answer_in(reply.text).strip()
    if not answer:
        return "schema"
    if reply.finish != "stop":
        return "schema" if answer.startswith("{") else "text"
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return "text"
    return "schema" if _is_of(value, schema) else "json"


def _is_of(value: object, schema: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether a JSON value is of a schema like ours, of objects, arrays and strings; bounds are not looked at."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind == "object":
        own = schema.get("properties", {})
        return (
            isinstance(value, dict)
            and value.keys() >= set(schema.get("required", ()))
            and all(_is_of(value[key], own[key]) for key in own.keys() & value.keys())
        )
    if kind == "array":
        return isinstance(value, list) and all(_is_of(each, schema.get("items")) for each in value)
    return kind != "string" or isinstance(value, str)
