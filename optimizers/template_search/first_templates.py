"""Where a search for templates begins."""

from collections.abc import Iterable

from evaluators import PHOTO_TEMPLATE, PLACEHOLDER, PromptSet
from optimizers.archive import Scored
from optimizers.search import Search
from optimizers.task import Task

__all__ = ["first_templates", "initial_templates", "own_templates"]

EARLIER = 5
"""How many templates of earlier searches a search begins with at most."""


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


def first_templates(search: Search, own: Iterable[str]) -> list[str]:
    """A search's own first templates, then the best of those that were scored alone before it.

    Those cost nothing: they are known. The baselines that every run scores, the bare name and "a photo of a {}.", are
    not among them.
    """
    alone = [(entry, template) for entry in search.archive for template in _alone(entry)]
    earlier = sorted(alone, key=lambda pair: pair[0].rank_key)[:EARLIER]
    return list(dict.fromkeys([*own, *(template for _, template in earlier)]))


def _alone(entry: Scored) -> tuple[str, ...]:
    """The template of a candidate that has nothing but that; else nothing."""
    candidate = entry.candidate
    if not isinstance(candidate, PromptSet) or not candidate.shared_only or len(candidate.templates) != 1:
        return ()
    return candidate.templates if candidate.templates[0] not in (PLACEHOLDER, PHOTO_TEMPLATE) else ()
