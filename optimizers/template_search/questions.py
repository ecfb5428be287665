"""Asks a language model for templates."""

from collections.abc import Callable, Iterable

from optimizers.asking import Answers, ask_usable
from optimizers.language_model import Request
from optimizers.replies import template_fault, templates
from optimizers.search import Search
from optimizers.template_search.scored_template import ScoredTemplate

__all__ = ["TEMPLATES_PER_REPLY", "ask_templates", "new_templates"]

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

    def usable(text: str) -> list[str]:
        return read(text, fits)[:TEMPLATES_PER_REPLY]

    return ask_usable(search, [request] * samples, usable, lambda text: template_fault(text, fits))


def new_templates(answers: Answers[str], found: Iterable[ScoredTemplate]) -> list[str]:
    """The templates in some answers that are not among those found, each once, in order."""
    known = {each.template for each in found}
    proposals = dict.fromkeys(template for reading in answers.readings for template in reading)
    return [template for template in proposals if template not in known]
