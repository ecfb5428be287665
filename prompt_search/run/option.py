"""What is to be known of a field of a configuration: said once, beside its type and default."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from evaluators.nearest import nearest
from prompt_search.errors import SettingsError

__all__ = ["Option", "Stated", "check", "check_names", "options"]


@dataclass(frozen=True, slots=True)
class Option:
    """Stands in the `Annotated` type of a field.

    Attributes:
        help: one or two sentences for whoever sets it.
        flag: how the command line spells it, if not by the field's name; `--x/--no-x` for what is on by default.
        least, most: the smallest and the greatest number allowed.
        identity: whether a run recorded with another value is another run. `True`: the value is part of the run's
            identity under the field's name; a text: the entry of the identity that tells what the value came to
            (images, a model's weights); `False`: it doesn't make it another run.
        provenance: whether prompt files tell it.
    """

    help: str
    flag: str | None = None
    least: float | None = None
    most: float | None = None
    identity: bool | str = True
    provenance: bool = False


@dataclass(frozen=True, slots=True)
class Stated:
    """A field with its option.

    Attributes:
        section: the field of the outer configuration that this one is in; empty for the outer one's own.
        kind: its type, without the option.
    """

    section: str
    name: str
    kind: Any
    default: Any
    option: Option

    def value(self, config: object) -> Any:  # noqa: ANN401 - of the field's type
        """What a configuration says here."""
        return getattr(getattr(config, self.section) if self.section else config, self.name)


@cache
def options(kind: type) -> tuple[Stated, ...]:
    """All fields of a configuration that have an option, those of the configurations within it among them."""
    return tuple(_stated(kind))


def _stated(kind: type, section: str = "") -> Iterator[Stated]:
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint = hints[field.name]
        if is_dataclass(hint) and isinstance(hint, type):
            yield from _stated(hint, field.name)
        elif get_origin(hint) is Annotated:
            plain, option = get_args(hint)
            yield Stated(section, field.name, plain, field.default, option)


def check(config: object) -> None:
    """Refuse values of another type, out of range, or not among those there are.

    Raises:
        SettingsError: naming the field, the value and what is allowed.
    """
    kind: type = type(config)
    for name, hint in get_type_hints(kind).items():
        part = getattr(config, name)
        if isinstance(hint, type) and is_dataclass(hint) and not isinstance(part, hint):
            raise SettingsError(
                f"{name} must be a {hint.__name__}, got {part!r}; {kind.__name__}.of takes plain values"
            )
    for stated in options(kind):
        if not stated.section:
            _check(stated, stated.value(config))


def _check(stated: Stated, value: object) -> None:
    name, least, most = stated.name, stated.option.least, stated.option.most
    if not _is_a(stated.kind, value):
        choices = [choice for part in (stated.kind, *get_args(stated.kind)) for choice in _choices(part)]
        allowed = f"one of {', '.join(choices)}" if choices else _named(stated.kind)
        raise SettingsError(f"{name} must be {allowed}, got {value!r}")
    if isinstance(value, int | float) and least is not None and not value >= least:
        raise SettingsError(f"{name} must be at least {least:g}, got {value}")
    if isinstance(value, int | float) and most is not None and not value <= most:
        raise SettingsError(f"{name} must be at most {most:g}, got {value}")


def _choices(kind: object) -> list[str]:
    return [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []


def _is_a(kind: Any, value: object) -> bool:  # noqa: ANN401 - a type as annotations have it
    """Whether a value is of an annotated type; only what configurations are made of is known here."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_is_a(part, value) for part in parts)
    if origin is Literal:
        return value in parts
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_a(parts[0], each) for each in value)
    if kind in (int, float):
        return isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    return isinstance(value, kind)


def _named(kind: Any) -> str:  # noqa: ANN401 - a type as annotations have it
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_named(part) for part in get_args(kind))
    if get_origin(kind) is tuple:
        return "texts in a list" if get_args(kind)[0] is str else f"a list of {_named(get_args(kind)[0])}"
    known = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "None"}
    return known.get(kind) or str(kind.__name__)


def check_names(given: Mapping[str, object], known: Mapping[str, object]) -> None:
    """Refuse names that are unknown.

    Raises:
        SettingsError: naming the first, with what may have been meant.
    """
    for name in given:
        if name not in known:
            close = nearest(name, known)
            raise SettingsError(
                f"there is no option {name[:60]!r}; "
                + (f"did you mean {close!r}?" if close else f"there are {', '.join(known)}")
            )
