"""What to try next: search strategies, each in one file, and what they are given to work with."""

from optimizers.archive import Archive, Scored
from optimizers.auto import Auto
from optimizers.cupl import Cupl
from optimizers.ensemble_selection import EnsembleSelection
from optimizers.fudd import Fudd
from optimizers.glov import Glov
from optimizers.hill_climbing import HillClimbing
from optimizers.ipo import Ipo
from optimizers.language_model import (
    Ability,
    LanguageModel,
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
    "HandedOver",
    "HillClimbing",
    "Ipo",
    "LanguageModel",
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
