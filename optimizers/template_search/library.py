"""The templates a search may choose from, general ones widened by domain words (ProAPO), and those it begins with."""

from collections.abc import Iterable, Sequence

from evaluators import PHOTO_TEMPLATE, PLACEHOLDER, PromptSet, general_templates
from optimizers.archive import Scored
from optimizers.search import Search
from optimizers.task import Task

__all__ = ["VARIANTS", "expand_templates", "first_templates", "initial_templates", "own_templates", "template_library"]

VARIANTS = 4
"""How many more templates a domain word makes of one, at most."""


def expand_templates(templates: Sequence[str], domain: Sequence[str]) -> list[str]:
    """Templates, and what they become with every domain word T, each once, the given ones first.

    Per template and T: ", a type of T." for its full stop; " T: {}" for " {}"; and where it says "photo", T or
    "T photo" in its place (ProAPO, Qu et al. 2025, arXiv:2502.19844). A domain word with braces is left out.

    >>> expand_templates(["a photo of a {}."], ["drawing"])[1:3]
    ['a photo of a {}, a type of drawing.', 'a photo of a drawing: {}.']
    >>> expand_templates(["a photo of a {}."], ["drawing"])[3:]
    ['a drawing of a {}.', 'a drawing photo of a {}.']
    """
    words = [" ".join(word.split()) for word in domain]
    plain = [word for word in words if word and "{" not in word and "}" not in word]
    variants = [variant for word in plain for template in templates for variant in _with_word(template, word)]
    return list(dict.fromkeys([*templates, *variants]))


def template_library(task: Task, imported: Sequence[str], domain: Sequence[str]) -> list[str]:
    """The imported and the general templates, widened by domain words; those that fit the context for every class.

    "a photo of a {}." comes first if it fits. Imported ones come in sorted order, so that the order of lines in a file
    changes nothing. Never empty: where nothing fits, the bare name is left.
    """
    known = list(dict.fromkeys([PHOTO_TEMPLATE, *sorted(imported), *general_templates()]))
    return [t for t in expand_templates(known, domain) if task.template_fits(t)] or [PLACEHOLDER]


def _with_word(template: str, word: str) -> list[str]:
    variants = [template.removesuffix(".") + f", a type of {word}."] if template.endswith(".") else []
    variants.append(template.replace(f" {PLACEHOLDER}", f" {word}: {PLACEHOLDER}"))
    if "photo" in template:
        variants += [template.replace("photo", word), template.replace("photo", f"{word} photo")]
    return variants


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
