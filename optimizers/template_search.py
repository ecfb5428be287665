"""What the strategies that search for templates share: how they begin, ask, score, and hand over."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from evaluators import PHOTO_TEMPLATE, PLACEHOLDER, PromptSet
from optimizers.archive import Scored
from optimizers.asking import Answers, ask_usable
from optimizers.language_model import Request
from optimizers.replies import template_fault, templates
from optimizers.search import SHORTLIST, Search
from optimizers.task import Task

__all__ = [
    "ask_templates",
    "base_candidate",
    "best_first",
    "first_templates",
    "initial_templates",
    "new_templates",
    "own_templates",
    "score_templates",
    "single_templates",
    "template_of",
]

SEEDS = 5
"""How many templates of earlier searches a search begins with at most."""


def base_candidate(search: Search) -> PromptSet:
    """What templates are joined to: the class texts of the best so far (pairwise ones compiled), if it has any."""
    best = search.archive.best(1)
    return best[0].candidate.compiled() if best else PromptSet.of(search.task.classes, [PLACEHOLDER])


def own_templates(task: Task) -> list[str]:
    """The templates among the user's own prompts that fit the context length, each once.

    They are sorted, so that the order of files and of lines in a file changes nothing.
    """
    own = {template for start in task.start for template in start.templates}
    return [template for template in sorted(own) if task.template_fits(template)]


def initial_templates(task: Task) -> list[str]:
    """The user's own templates, or else "a photo of a {}."; the bare name where nothing fits."""
    photo = [PHOTO_TEMPLATE] if task.template_fits(PHOTO_TEMPLATE) else [PLACEHOLDER]
    return own_templates(task) or photo


def first_templates(search: Search, base: PromptSet, own: Iterable[str]) -> list[str]:
    """A search's own first templates, then the best of those scored alone over the same class texts before it.

    Those cost nothing: they are known. The baselines that every run scores, the bare name and "a photo of a {}.", are
    not among them.
    """
    alone = [entry for entry in search.archive if _is_alone_over(base, entry)]
    return list(dict.fromkeys([*own, *(template_of(entry) for entry in best_first(alone)[:SEEDS])]))


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


def new_templates(answers: Answers[str], found: Iterable[Scored]) -> list[str]:
    """The templates in some answers that are not among those found, each once, in order."""
    known = {template_of(entry) for entry in found}
    proposals = dict.fromkeys(template for reading in answers.readings for template in reading)
    return [template for template in proposals if template not in known]


def score_templates(search: Search, base: PromptSet, templates: Sequence[str]) -> list[Scored]:
    """The candidates that each of the templates makes alone, scored, in order."""
    candidates = [base.with_templates([template]) for template in templates]
    # The archive may know the same texts made of other parts; here each is what its one template makes it.
    return [replace(entry, candidate=c) for c, entry in zip(candidates, search.score(candidates), strict=True)]


def template_of(entry: Scored) -> str:
    """The template of a candidate that `score_templates` made."""
    return entry.candidate.compiled().templates[0]


def best_first(entries: Iterable[Scored]) -> list[Scored]:
    """In order of `Scored.rank_key`."""
    return sorted(entries, key=lambda entry: entry.rank_key)


def single_templates(base: PromptSet, found: Iterable[Scored], most: int = SHORTLIST) -> list[PromptSet]:
    """The candidates that the best of the templates found make alone, best first, each once."""
    distinct = {entry.order: entry for entry in found}
    return [base.with_templates([template_of(entry)]) for entry in best_first(distinct.values())[:most]]


def _is_alone_over(base: PromptSet, entry: Scored) -> bool:
    candidate = entry.candidate
    return (
        isinstance(candidate, PromptSet)
        and len(candidate.templates) == 1
        and candidate.templates not in ((PLACEHOLDER,), (PHOTO_TEMPLATE,))
        and candidate.texts == base.texts
    )
