"""What to try next: search strategies, each in one file, and what they are given to work with."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizers.archive import Archive, Scored
    from optimizers.auto import Auto, HandedOver, in_turn
    from optimizers.cupl import Cupl
    from optimizers.ensemble_selection import EnsembleSelection
    from optimizers.fudd import Fudd
    from optimizers.glov import Glov
    from optimizers.greedy_tokens import GreedyTokens
    from optimizers.hill_climbing import HillClimbing
    from optimizers.ipo import Ipo
    from optimizers.language_model import (
        Ability,
        LanguageModel,
        Likelihood,
        Message,
        Picture,
        Reply,
        Request,
        Sample,
        Steering,
        Traffic,
        abilities,
        attempts,
        billable,
        watch,
    )
    from optimizers.proapo import ProApo
    from optimizers.reflect import Reflect
    from optimizers.search import SHORTLIST, Optimizer, Search
    from optimizers.settings import Settings, allowed_values, configure
    from optimizers.strategies import STRATEGIES, strategy_class
    from optimizers.task import Plan, Task

__all__ = [
    "SHORTLIST",
    "STRATEGIES",
    "Ability",
    "Archive",
    "Auto",
    "Cupl",
    "EnsembleSelection",
    "Fudd",
    "Glov",
    "GreedyTokens",
    "HandedOver",
    "HillClimbing",
    "Ipo",
    "LanguageModel",
    "Likelihood",
    "Message",
    "Optimizer",
    "Picture",
    "Plan",
    "ProApo",
    "Reflect",
    "Reply",
    "Request",
    "Sample",
    "Scored",
    "Search",
    "Settings",
    "Steering",
    "Task",
    "Traffic",
    "abilities",
    "allowed_values",
    "attempts",
    "billable",
    "configure",
    "in_turn",
    "strategy_class",
    "watch",
]

_HOME = {
    "Ability": "optimizers.language_model",
    "Archive": "optimizers.archive",
    "Auto": "optimizers.auto",
    "Cupl": "optimizers.cupl",
    "EnsembleSelection": "optimizers.ensemble_selection",
    "Fudd": "optimizers.fudd",
    "Glov": "optimizers.glov",
    "GreedyTokens": "optimizers.greedy_tokens",
    "HandedOver": "optimizers.auto",
    "HillClimbing": "optimizers.hill_climbing",
    "Ipo": "optimizers.ipo",
    "LanguageModel": "optimizers.language_model",
    "Likelihood": "optimizers.language_model",
    "Message": "optimizers.language_model",
    "Optimizer": "optimizers.search",
    "Picture": "optimizers.language_model",
    "Plan": "optimizers.task",
    "ProApo": "optimizers.proapo",
    "Reflect": "optimizers.reflect",
    "Reply": "optimizers.language_model",
    "Request": "optimizers.language_model",
    "SHORTLIST": "optimizers.search",
    "STRATEGIES": "optimizers.strategies",
    "Sample": "optimizers.language_model",
    "Scored": "optimizers.archive",
    "Search": "optimizers.search",
    "Settings": "optimizers.settings",
    "Steering": "optimizers.language_model",
    "Task": "optimizers.task",
    "Traffic": "optimizers.language_model",
    "abilities": "optimizers.language_model",
    "allowed_values": "optimizers.settings",
    "attempts": "optimizers.language_model",
    "billable": "optimizers.language_model",
    "configure": "optimizers.settings",
    "in_turn": "optimizers.auto",
    "strategy_class": "optimizers.strategies",
    "watch": "optimizers.language_model",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Public names are imported when first used: who asks for a name only need not wait for numpy."""
    import importlib

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return found
