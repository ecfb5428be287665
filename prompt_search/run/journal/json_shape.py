"""Values of declared types from JSON values, and back; what has another shape is named with its place.

A library like pydantic is no help here: it refuses half characters (lone surrogates), which replies of language models
may hold, and turns whole numbers into floats, so that what is written again has other bytes.
"""

import collections.abc
import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from math import isnan
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from evaluators import Candidate, PromptSet, candidate_from_json
from prompt_search.errors import InputError

__all__ = ["ShapeError", "need", "plain", "read_as"]

Value = TypeVar("Value")
Reader = Callable[[Any], Any]

LARGEST = 2**128
"""No number of a run comes near it, and every sum of smaller ones is a float."""


class ShapeError(ValueError):
    """A JSON value of another shape than the declared one.

    Args:
        what: what is wrong, to be read after the place: `is missing`.
        place: like `replies[3].finish`; empty for the whole value.
    """

    def __init__(self, what: str, place: str = "") -> None:
        super().__init__(f"{place!r} {what}" if place else what)
        self.what, self.place = what, place

    def within(self, part: str | int) -> "ShapeError":
        """The same, seen from the list or object that this value is a part of."""
        name = f"[{part}]" if isinstance(part, int) else part[:60]
        dot = "." if self.place and not self.place.startswith("[") else ""
        return ShapeError(self.what, f"{name}{dot}{self.place}")


def read_as(declared: type[Value], value: object) -> Value:
    """A value of a dataclass, from what `json.loads` made of it.

    Its fields may be texts, numbers, `Literal`s, `X | None`, tuples, mappings with texts as keys, dataclasses, prompts,
    and `Any`. A field with a default may be absent; one that is not declared may not be there.

    Raises:
        ShapeError: naming the first part that is of another type, not finite, or larger than `LARGEST`.

    >>> from prompt_search.run.money.budget import Budget
    >>> read_as(Budget, {"max_calls": 5}).max_calls
    5
    >>> read_as(Budget, {"max_calls": "5"})
    Traceback (most recent call last):
    prompt_search.run.journal.json_shape.ShapeError: 'max_calls' is a text, not a whole number
    """
    read: Value = _reader(cast("Hashable", declared))(value)  # mypy does not see that every type is hashable
    return read


def need(place: str, what: str, *, holds: bool) -> None:
    """Refuse a value whose parts do not agree with each other.

    Raises:
        ShapeError: unless it holds.
    """
    if not holds:
        raise ShapeError(what, place)


def plain(value: object) -> object:
    """For `json.dumps(default=plain)`: one level of a value that `read_as` reads back.

    A field whose default is `None` is left out where it is `None`.
    """
    if hasattr(value, "to_json"):
        return value.to_json()
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    content = {each.name: (getattr(value, each.name), each.default) for each in fields(value)}
    return {name: part for name, (part, default) in content.items() if part is not None or default is not None}


@cache
def _reader(declared: Hashable) -> Reader:
    origin, parts = get_origin(declared), get_args(declared)
    if declared in READERS:
        return READERS[declared]
    if origin in (Union, types.UnionType) and len(parts) == 2 and type(None) in parts:
        (given,) = (_reader(part) for part in parts if part is not type(None))
        return lambda value: None if value is None else given(value)
    if origin is Literal:
        return lambda value: _one_of(parts, value)
    if origin is tuple:
        return _lists(parts[0]) if parts[-1] is Ellipsis else _places(parts)
    if origin is collections.abc.Mapping:
        return _objects(parts[1])
    if is_dataclass(declared):
        return _dataclasses(declared)
    raise TypeError(f"no way to read {declared} is known")


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ShapeError(f"is {_called(value)}, not a whole number")
    return value if abs(value) <= LARGEST else _refuse_large()


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ShapeError(f"is {_called(value)}, not a number")
    return value if abs(value) <= LARGEST else _refuse_large()


def _refuse_large() -> int:
    raise ShapeError("is not finite or too large a number")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ShapeError(f"is {_called(value)}, not a text")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ShapeError(f"is {_called(value)}, not true or false")
    return value


def _one_of(choices: tuple[object, ...], value: object) -> object:
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise ShapeError(f"is {_called(value)} and not one of {', '.join(map(str, choices))}")
    return value


def _lists(part: Any) -> Reader:  # noqa: ANN401 - any type
    reader, quick = _reader(part), QUICK.get(part)

    def read(value: object) -> tuple[Any, ...]:
        items = _list(value)
        if quick and quick >= set(map(type, items)) and (str in quick or _all_small(items)):
            return tuple(items)  # a score has thousands of numbers
        return tuple(_part(reader, item, index) for index, item in enumerate(items))

    return read


def _all_small(items: list[float | None]) -> bool:
    given = [item for item in items if item is not None]
    return not given or (min(given) >= -LARGEST and max(given) <= LARGEST and not any(map(isnan, given)))


def _places(parts: tuple[Any, ...]) -> Reader:
    readers = [_reader(part) for part in parts]
    quick = QUICK.get(parts[0]) if len(set(parts)) == 1 else None

    def read(value: object) -> tuple[Any, ...]:
        items = _list(value)
        if len(items) != len(readers):
            raise ShapeError(f"has {len(items)} entries, not {len(readers)}")
        if quick and quick >= set(map(type, items)) and (str in quick or _all_small(items)):
            return tuple(items)
        return tuple(
            _part(reader, item, index) for index, (reader, item) in enumerate(zip(readers, items, strict=True))
        )

    return read


def _objects(part: Any) -> Reader:  # noqa: ANN401 - any type
    reader = _reader(part)
    return lambda value: {name: _part(reader, item, name) for name, item in _object(value).items()}


def _dataclasses(declared: Any) -> Reader:  # noqa: ANN401 - any dataclass
    hints = get_type_hints(declared)
    readers = {each.name: _reader(hints[each.name]) for each in fields(declared) if each.init}
    needed = [each.name for each in fields(declared) if each.default is MISSING and each.default_factory is MISSING]

    left_out = (
        set() if hasattr(declared, "to_json") else {each.name for each in fields(declared) if each.default is None}
    )

    def read(value: object) -> object:
        content = _object(value)
        for name in content:
            if name not in readers:
                raise ShapeError("is not known to this version", str(name)[:60])
        for name in needed:
            if name not in content:
                raise ShapeError("is missing", name)
        for name in left_out & content.keys():
            if content[name] is None:
                raise ShapeError("is null, where it should be absent", name)
        parts = {name: _part(readers[name], item, name) for name, item in content.items()}
        try:
            return declared(**parts)
        except InputError as error:
            raise ShapeError(f"can't be: {error}") from error

    return read


def _prompts(read: Callable[[Mapping[str, Any]], Candidate]) -> Reader:
    def reader(value: object) -> Candidate:
        try:
            return read(_object(value))
        except InputError as error:
            raise ShapeError(f"can't be used: {error}") from error

    return reader


def _part(reader: Reader, value: object, place: str | int) -> Any:  # noqa: ANN401 - of the reader's type
    try:
        return reader(value)
    except ShapeError as error:
        raise error.within(place) from error.__cause__


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ShapeError(f"is {_called(value)}, not a list")
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ShapeError(f"is {_called(value)}, not an object")
    return value


def _called(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
    return "a list" if isinstance(value, list) else "an object"


READERS: dict[Any, Reader] = {
    Any: lambda value: value,
    int: _whole,
    float: _number,
    str: _text,
    bool: _truth,
    PromptSet: _prompts(PromptSet.from_json),
    Candidate: _prompts(candidate_from_json),
}
QUICK: dict[Any, set[type]] = {
    int: {int},
    float: {int, float},
    float | None: {int, float, type(None)},
    str: {str},
}
