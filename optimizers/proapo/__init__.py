"""ProAPO: the strategy, its two stages, and what they are made of."""

from optimizers.proapo.strategy import ProApo

__all__ = ["ProApo"]
