"""Whether a run folder was recorded with the inputs that are given now."""

from collections.abc import Mapping
from typing import Any

from prompt_search.run.journal.events import Facts

__all__ = ["Facts", "differences"]


def differences(recorded: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """The names under which two identities differ, with both values cut short."""
    names = [name for name in sorted({*recorded, *given}) if recorded.get(name) != given.get(name)]
    if "seed" in names and "data" in names:
        names.remove("data")  # another seed draws other splits
    return [_difference(name, recorded.get(name), given.get(name)) for name in names]


def _difference(name: str, recorded: object, given: object) -> str:
    if name == "data":
        return "data: the images or their splits have changed"
    return f"{name}: {str(recorded)[:60]!r} recorded, {str(given)[:60]!r} now"
