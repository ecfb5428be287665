"""Asks a language model for templates."""

from collections.abc import Callable, Iterable

from optimizers.asking import Answers, ask_usable
from optimizers.language_model import Request
from optimizers.replies import template_fault, templates
from optimizers.search import Search
from optimizers.template_search.scored_template import ScoredTemplate

__all__ = ["ask_templates", "new_templates"]


def ask_templates(
    search: Search,
    request: Request,
    samples: int,
    read: Callable[[str, Callable[[str], bool]], list[str]] = templates,
) -> Answers[str]:
    """Put a request so many times; of each reply the first template that fits the context, if there is one.

    Raises:
        BudgetReached: if the budget covers none of them.
        LanguageModelError: if the language model can't go on.
    """
    fits = search.task.template_fits
    return ask_usable(
        search, [request] * samples, lambda text: read(text, fits)[:1], lambda text: template_fault(text, fits)
    )


def new_templates(answers: Answers[str], found: Iterable[ScoredTemplate]) -> list[str]:
    """The templates in some answers that are not among those found, each once, in order."""
    known = {each.template for each in found}
    proposals = dict.fromkeys(template for reading in answers.readings for template in reading)
    return [template for template in proposals if template not in known]
