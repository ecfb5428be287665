"""Templates with their scores."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluators import PromptSet, Score
from optimizers.archive import Scored
from optimizers.search import Search

__all__ = ["ScoredTemplate", "best_first", "most_accurate_first", "score_templates"]


@dataclass(frozen=True, slots=True)
class ScoredTemplate:
    """A template, and how it does alone.

    The archive keeps each candidate once, whatever parts it was first made from: `entry.candidate` may have the same
    texts without having this template.

    Attributes:
        template: with one `{}`.
        entry: what the archive has of the texts that it makes.
    """

    template: str
    entry: Scored

    @property
    def score(self) -> Score:
        """On the search split."""
        return self.entry.score

    @property
    def fitness(self) -> float:
        """Higher is better."""
        return self.entry.fitness

    @property
    def order(self) -> int:
        """When its texts were discovered; templates that make the same texts have the same number."""
        return self.entry.order

    @property
    def rank_key(self) -> tuple[float, float, int, int]:
        """Sorts the best first, see `Scored.rank_key`."""
        return self.entry.rank_key


def score_templates(search: Search, templates: Sequence[str]) -> list[ScoredTemplate]:
    """Score each of the templates alone; in order.

    Raises:
        BudgetReached: if time is up.
    """
    entries = search.score([PromptSet.of(search.task.classes, [template]) for template in templates])
    return [ScoredTemplate(template, entry) for template, entry in zip(templates, entries, strict=True)]


def best_first(templates: Iterable[ScoredTemplate]) -> list[ScoredTemplate]:
    """In order of `ScoredTemplate.rank_key`."""
    return sorted(templates, key=lambda template: template.rank_key)


def most_accurate_first(templates: Iterable[ScoredTemplate]) -> list[ScoredTemplate]:
    """In order of accuracy, lower cross-entropy, earlier discovery: for lists that show accuracies."""
    return sorted(templates, key=lambda each: (-each.score.top1, each.score.cross_entropy, each.order))
