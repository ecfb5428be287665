"""What `prompt-search demo` runs: one place for the command and for the benchmark that repeats it over seeds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_search.run.config import RunConfig

__all__ = ["DESCRIPTIONS", "MAX_CALLS", "demo_config"]

MAX_CALLS = 150
"""The most language model calls of a demo, unless it is told another number."""

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "photos": "Small photographs of animals and vehicles.",
        "emoji": "Emoji: small coloured drawings of animals, food, places and things.",
    }
)
"""What the language model is told of each bundled image set."""


SHOTS: Mapping[str, int] = MappingProxyType({"photos": 30})
"""Images a class to search and to select with: all that are there; `emoji` has splits of its own."""


def demo_config(data: str = "photos", seed: int = 0) -> "RunConfig":
    """The arguments of the demo.

    Args:
        data: one of `DESCRIPTIONS`.
        seed: of splits, search and sampling.

    >>> demo_config("emoji", seed=3).data.source
    'bundled:emoji'
    """
    from prompt_search.run.config import RunConfig, StrategyChoice

    return RunConfig.of(
        f"bundled:{data}",
        shots=SHOTS.get(data),
        select_shots=SHOTS.get(data),
        strategies=(StrategyChoice("ensemble-selection", (("samples", "2"),)),),
        seed=seed,
        description=DESCRIPTIONS[data],
    )
