"""Settings of strategies from the outside: checked, typed, with a hint for typos."""

import difflib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from optimizers.errors import SettingsError

__all__ = ["configure", "require"]

T = TypeVar("T")
KINDS: Mapping[object, str] = {bool: "true or false", int: "a whole number", float: "a number"}


def require(holds: bool, rule: str, value: object) -> None:
    """Refuse a setting that breaks its rule.

    Raises:
        SettingsError: with the rule and the value.
    """
    if not holds:
        raise SettingsError(f"{rule}, got {value!r}")


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
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.75)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise SettingsError(f"{strategy.__name__} has no setting {name!r}; {hint}known are {', '.join(known)}")
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
