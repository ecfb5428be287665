"""Settings of strategies: what values there are, said once beside each field, and how texts become values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints

from evaluators.nearest import nearest
from optimizers.errors import SettingsError

__all__ = ["Count", "CountOrZero", "Range", "Settings", "Temperature", "allowed_values", "configure", "strategy_name"]

T = TypeVar("T")
KINDS: Mapping[object, str] = {bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a setting can have; stands in its `Annotated` type.

    Attributes:
        least, most: both included; `None` for no limit.
        above: a limit below that is not included.

    >>> str(Range(1)), str(Range(0, 2)), str(Range(above=0, most=1))
    ('at least 1', 'in [0, 2]', 'in (0, 1]')
    """

    least: float | None = None
    most: float | None = None
    above: float | None = None

    def __contains__(self, value: float) -> bool:
        # Written so that nan, which is not less than anything, is in no range.
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
        )

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}" if self.above is None else f"above {self.above}"
        return f"in [{self.least}, {self.most}]" if self.above is None else f"in ({self.above}, {self.most}]"


Count = Annotated[int, Range(1)]
CountOrZero = Annotated[int, Range(0)]
Temperature = Annotated[float, Range(0, 2)]


class Settings:
    """What a strategy's frozen dataclass may build on: its values are checked against the types of its fields.

    Checked are the ranges (`Count`, `Annotated[float, Range(0, 1)]`) and the choices (`Literal`).

    Raises:
        SettingsError: naming the strategy, the field, what is allowed and the value.
    """

    __slots__ = ()

    called: ClassVar[str]
    """The strategy's name, see `strategy_name`."""

    def __post_init__(self) -> None:
        kind: type = type(self)
        for name, allowed in _rules(kind):
            value = getattr(self, name)
            if value not in allowed:
                raise SettingsError(f"{strategy_name(kind)}: {name} must be {_described(allowed)}, got {value!r}")


def strategy_name(strategy: type) -> str:
    """What a strategy is called in messages, plans, the journal and the report: as its class says in `called`.

    A class that says nothing goes by its own name; what it is built on may be something else.

    >>> strategy_name(type("Mine", (), {"called": "my-own"})), strategy_name(type("Mine", (), {}))
    ('my-own', 'Mine')
    """
    return str(vars(strategy).get("called") or strategy.__name__)


def allowed_values(strategy: type) -> dict[str, str]:
    """Per setting of a strategy's dataclass what is allowed, in words, where its type alone does not tell."""
    return {name: _described(allowed) for name, allowed in _rules(strategy)}


@cache
def _rules(strategy: type) -> tuple[tuple[str, Range | tuple[str, ...]], ...]:
    hints = get_type_hints(strategy, include_extras=True)
    return tuple((field.name, rule) for field in fields(strategy) for rule in _rules_of(hints[field.name]))


def _rules_of(hint: object) -> Iterator[Range | tuple[str, ...]]:
    if get_origin(hint) is Annotated:
        yield from (part for part in get_args(hint)[1:] if isinstance(part, Range))
    elif get_origin(hint) is Literal:
        yield get_args(hint)


def _described(allowed: Range | tuple[str, ...]) -> str:
    return str(allowed) if isinstance(allowed, Range) else f"one of {', '.join(allowed)}"


def configure(strategy: type[T], values: Mapping[str, str]) -> T:
    """Build a strategy from `name=value` texts, as a command line gives them.

    Raises:
        SettingsError: for an unknown name (with the known ones) or a value of the wrong kind (with what it can be).
    """
    hints = get_type_hints(strategy)
    known = [f.name for f in fields(strategy)]  # type: ignore[arg-type]  # every strategy is a dataclass
    parsed: dict[str, Any] = {}
    for name, text in values.items():
        key = name.replace("-", "_")
        if key not in known:
            close = nearest(key, known, cutoff=0.75)
            hint = f"did you mean {close!r}? " if close else ""
            raise SettingsError(
                f"{strategy_name(strategy)} has no setting {name!r}; {hint}known are {', '.join(known)}"
            )
        parsed[key] = _parse(key, text, hints[key])
    return strategy(**parsed)


def _parse(name: str, text: str, kind: object) -> object:
    try:
        if kind is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        if kind is int or kind is float:
            return kind(text)
    except (ValueError, KeyError) as error:
        raise SettingsError(f"the setting {name} can't be {text!r}; it must be {KINDS[kind]}") from error
    if get_origin(kind) is tuple:
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    if get_origin(kind) is Literal and text not in get_args(kind):
        raise SettingsError(f"the setting {name} can't be {text!r}; choose one of {', '.join(get_args(kind))}")
    return text
