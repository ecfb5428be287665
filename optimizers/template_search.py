"""What the strategies that search for templates share: where they begin, and how a template becomes a candidate."""

from collections.abc import Sequence
from dataclasses import replace

from evaluators import PHOTO_TEMPLATE, PLACEHOLDER, PromptSet
from optimizers.archive import Scored
from optimizers.search import Search
from optimizers.task import Task

__all__ = ["base_candidate", "best_prompt_sets", "initial_templates", "own_templates", "score_templates", "template_of"]


def best_prompt_sets(search: Search, k: int) -> list[PromptSet]:
    """The k best candidates so far, best first, but for pairwise prompts: who made those hands them over."""
    ranked = (entry.candidate for entry in search.archive.best(len(search.archive)))
    return [candidate for candidate in ranked if isinstance(candidate, PromptSet)][:k]


def base_candidate(search: Search) -> PromptSet:
    """What templates are joined to: the class texts of the best so far (pairwise ones compiled), if it has any."""
    best = search.archive.best(1)
    return best[0].candidate.compiled() if best else PromptSet.of(search.task.classes, [PLACEHOLDER])


def own_templates(task: Task) -> list[str]:
    """The templates among the user's own prompts that fit the context length, each once."""
    own = dict.fromkeys(template for start in task.start for template in start.templates)
    return [template for template in own if task.template_fits(template)]


def initial_templates(task: Task) -> list[str]:
    """The user's own templates, or else "a photo of a {}."; the bare name where nothing fits."""
    photo = [PHOTO_TEMPLATE] if task.template_fits(PHOTO_TEMPLATE) else [PLACEHOLDER]
    return own_templates(task) or photo


def score_templates(search: Search, base: PromptSet, templates: Sequence[str]) -> list[Scored]:
    """The candidates that each of the templates makes alone, scored, in order."""
    candidates = [base.with_templates([template]) for template in templates]
    # The archive may know the same texts made of other parts; here each is what its one template makes it.
    return [replace(entry, candidate=c) for c, entry in zip(candidates, search.score(candidates), strict=True)]


def template_of(entry: Scored) -> str:
    """The template of a candidate that `score_templates` made."""
    return entry.candidate.compiled().templates[0]
