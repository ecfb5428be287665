"""What to try next: search strategies, each in one file, and what they are given to work with."""

from optimizers.archive import Archive, Scored
from optimizers.auto import Auto
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
from optimizers.search import SHORTLIST, Optimizer, Search
from optimizers.sequence import HandedOver, in_turn
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
