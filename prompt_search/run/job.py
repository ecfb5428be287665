"""A run with everything opened that its configuration names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluators import ImageTextModel
from optimizers import LanguageModel, Optimizer
from prompt_search.data.sources.objects import OwnData
from prompt_search.llm.prices import Price, known_batch_price, known_price
from prompt_search.run.config import RunConfig
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.metered import Clock
from prompt_search.run.resources import Resources

__all__ = ["Job", "NamedStrategy", "batch_price_of", "price_of"]

NamedStrategy = tuple[str, Optimizer]


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and with what.

    Attributes:
        strategies, model, llm: what `config` names, opened; in a replay there is no language model.
        budget: limits; raising one reopens a run that it had ended.
        clock: when this start of the run was.
        data: an object in the place of the images that `config` names.
    """

    config: RunConfig
    strategies: Sequence[NamedStrategy]
    model: ImageTextModel
    llm: LanguageModel | None
    resources: Resources
    budget: Budget = field(default_factory=Budget)
    clock: Clock = field(default_factory=Clock)
    data: OwnData | None = None

    @property
    def price(self) -> Price | None:
        """Of the language model: the one stated, or a known one."""
        return price_of(self.config)

    @property
    def cache(self) -> Path:
        """The cache directory."""
        return self.resources.cache


def batch_price_of(config: RunConfig) -> Price | None:
    """The known price of this language model's questions in a batch; `None` where none is, or another was stated."""
    return None if config.llm.price else known_batch_price(config.llm.name, config.llm.base_url)


def price_of(config: RunConfig) -> Price | None:
    """The price that was stated, or the known one of this language model; `None` if there is none."""
    return config.llm.price or known_price(config.llm.name, config.llm.base_url)
