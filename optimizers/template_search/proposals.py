"""Templates that a language model proposes, and how each does alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evaluators import PromptSet, Score
from optimizers.archive import Scored
from optimizers.asking import Answers, ask_usable
from optimizers.language_model import Request
from optimizers.replies import template_fault, templates
from optimizers.search import Search

__all__ = [
    "TEMPLATES_PER_REPLY",
    "ScoredTemplate",
    "ask_templates",
    "best_first",
    "most_accurate_first",
    "new_templates",
    "score_templates",
]


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


TEMPLATES_PER_REPLY = 5
"""A reply holds one, as it was asked for, or a few; with more it is a list of anything, and plans need an end."""


def ask_templates(
    search: Search,
    request: Request,
    samples: int,
    read: Callable[[str, Callable[[str], bool]], list[str]] = templates,
) -> Answers[str]:
    """Put a request so many times; of each reply all templates that fit the context, `TEMPLATES_PER_REPLY` at most.

    Raises:
        BudgetReached: if the budget covers none of them.
        LanguageModelError: if the language model can't go on.
    """
    fits = search.task.template_fits

    def usable(_: int, text: str) -> list[str]:
        return read(text, fits)[:TEMPLATES_PER_REPLY]

    return ask_usable(search, [request] * samples, usable, lambda text: template_fault(text, fits))


def new_templates(answers: Answers[str], found: Iterable[ScoredTemplate]) -> list[str]:
    """The templates in some answers that are not among those found, each once, in order."""
    known = {each.template for each in found}
    proposals = dict.fromkeys(template for reading in answers.readings for template in reading)
    return [template for template in proposals if template not in known]
