"""The strategies there are, by name. Your own needs no entry here: pass its instance to `prompt_search.optimize`."""

from collections.abc import Mapping
from types import MappingProxyType

from evaluators.nearest import nearest
from optimizers.auto import Auto
from optimizers.cupl import Cupl
from optimizers.ensemble_selection import EnsembleSelection
from optimizers.errors import SettingsError
from optimizers.fudd import Fudd
from optimizers.glov import Glov
from optimizers.greedy_tokens import GreedyTokens
from optimizers.hill_climbing import HillClimbing
from optimizers.ipo import Ipo
from optimizers.proapo import ProApo
from optimizers.reflect import Reflect
from optimizers.search import Optimizer

__all__ = ["STRATEGIES", "strategy_class"]

STRATEGIES: Mapping[str, type[Optimizer]] = MappingProxyType(
    {
        "ensemble-selection": EnsembleSelection,
        "auto": Auto,
        "cupl": Cupl,
        "fudd": Fudd,
        "glov": Glov,
        "greedy-tokens": GreedyTokens,
        "hill-climb": HillClimbing,
        "ipo": Ipo,
        "proapo": ProApo,
        "reflect": Reflect,
    }
)


def strategy_class(name: str) -> type[Optimizer]:
    """The class of a strategy.

    Raises:
        SettingsError: if there is none of that name.
    """
    if name not in STRATEGIES:
        close = nearest(name, STRATEGIES)
        hint = f"did you mean {close!r}? " if close else ""
        raise SettingsError(f"there is no strategy {name!r}; {hint}there are {', '.join(STRATEGIES)}")
    return STRATEGIES[name]
