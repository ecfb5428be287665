"""Templates and the class texts of an earlier search in one candidate.

A template beside many texts of a class says next to nothing: its embedding is one of many in their mean, and a search
that scored templates so would go by noise. So templates are searched alone, and joined to class texts at the end: in
the place of the template that opens each text, and beside the texts.
"""

from collections.abc import Iterable, Sequence

from evaluators import ClassLabel, PromptSet, fill
from optimizers.search import Search
from optimizers.task import Task

__all__ = ["described_candidate", "joined", "opened_by"]


def described_candidate(search: Search) -> PromptSet | None:
    """The best candidate so far (a pairwise one compiled), if it has class texts."""
    best = [entry.candidate.compiled() for entry in search.archive.best(1)]
    return best[0] if best and not best[0].shared_only else None


def joined(search: Search, described: PromptSet, templates: Sequence[str]) -> list[PromptSet]:
    """What templates and a candidate with class texts make, each once, the candidate itself the last.

    Args:
        search: knows the templates that texts may begin with: those of its archive.
        described: a candidate with class texts.
        templates: at least one.
    """
    sets = [entry.candidate for entry in search.archive if isinstance(entry.candidate, PromptSet)]
    known = sorted({template for prompts in sets for template in prompts.templates})
    texts = tuple(
        _exchanged(own, label, known, templates, search.task)
        for label, own in zip(described.classes, described.rendered, strict=True)
    )
    exchanged, beside = PromptSet(described.classes, texts=texts), described.with_templates(templates)
    return list({each.fingerprint: each for each in (exchanged, beside, described)}.values())


def _exchanged(
    texts: Sequence[str], label: ClassLabel, known: Sequence[str], templates: Sequence[str], task: Task
) -> tuple[str, ...]:
    """A class's texts with other templates where a known one opens them; those that would be too long stay."""
    found: list[str] = []
    for text in texts:
        rest = opened_by(text, known, label.name)
        changed = [f"{fill(template, label.name)} {rest}".strip() for template in templates]
        fitting = [each for each in changed if task.fits(each)]
        found += fitting if rest != text and fitting else [text]
    return tuple(dict.fromkeys(found))


def opened_by(text: str, templates: Iterable[str], name: str) -> str:
    """A text without the template it begins with: all of it if it begins with none, empty if it ends there.

    >>> opened_by("a photo of a cat. It has whiskers.", ["a photo of a {}."], "cat")
    'It has whiskers.'
    """
    openings = (fill(template, name) for template in templates)
    # A space must follow, or "cat" would open "cats purr".
    opened = [opening for opening in openings if f"{text} ".startswith(f"{opening} ")]
    return text.removeprefix(max(opened, key=len, default="")).strip()
