"""What a run is known by, and what its prompt files tell of it: both from the fields of its configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prompt_search.run.config import RunConfig
from prompt_search.run.journal.differences import Facts
from prompt_search.run.option import options

__all__ = ["identity_of", "provenance_of"]

ORDER = (
    "data",
    "data of new classes",
    "class names",
    "model",
    "language model",
    "strategies",
    "captions",
    "seed",
    "fitness",
    "description",
    "feedback",
    "base_to_new",
    "stored_as",
    "turn_by_exif",
    "refit",
    "thinking_tokens",
    "domain",
    "baselines",
    "start",
)
"""In which order the first journals had the entries; newer ones come after them."""

TOLD_ORDER = (
    *("data", "shots", "select_shots", "stored_as", "turn_by_exif", "base_to_new", "seed"),
    *("strategies", "language_model", "fitness", "description"),
)
"""The same for the first prompt files."""


def identity_of(config: RunConfig, found: Mapping[str, Any]) -> dict[str, Any]:
    """What must be equal for a run to go on: every field as it is, unless `found` tells what it came to.

    Args:
        found: entries that stand for fields which only name something: fingerprints of images, weights and prompts.

    Raises:
        KeyError: if a field is said to be covered by an entry that is not in `found`.
    """
    entries = dict(found)
    for stated in options(RunConfig):
        covered_by = stated.option.identity
        if isinstance(covered_by, str):
            found[covered_by]
        elif covered_by:
            entries[stated.name] = _plain(stated.value(config))
    return _ordered(entries, ORDER)


def provenance_of(config: RunConfig, facts: Facts) -> dict[str, Any]:
    """What a prompt file says of how its prompts were found."""
    told = {stated.name: _plain(stated.value(config)) for stated in options(RunConfig) if stated.option.provenance}
    return _ordered(
        told
        | {
            "data": {
                "name": Path(config.data.source).name,
                "fingerprint": facts.identity["data"],
                "sizes": dict(facts.sizes),
            },
            "strategies": facts.identity["strategies"],
            "language_model": facts.identity["language model"],
        },
        TOLD_ORDER,
    )


def _ordered(entries: Mapping[str, Any], order: Sequence[str]) -> dict[str, Any]:
    first = {name: entries[name] for name in order if name in entries}
    return first | dict(entries)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
