"""Prompts that were there before a search began: the user's own, and the best of the strategies before it."""

from optimizers.search import SHORTLIST, Search

__all__ = ["archived_texts", "templates_at_hand", "texts_at_hand"]

MOST_CANDIDATES, MOST_TEXTS = 50, 200
"""How many of the best candidates are looked at, and how many texts of a class are taken from them."""


def templates_at_hand(search: Search) -> list[str]:
    """The user's own templates, and those of the best candidate so far (eight at most)."""
    best = [
        template
        for entry in search.archive.best(1)
        for template in sorted(entry.candidate.compiled().templates)[:SHORTLIST]
    ]
    return [template for start in search.task.start for template in start.templates] + best


def texts_at_hand(search: Search) -> list[tuple[tuple[str, ...], ...]]:
    """The class texts of the user's own prompts, and of the best candidate so far that has any."""
    described = [entry for entry in search.archive if any(entry.candidate.compiled().texts)]
    best = [min(described, key=lambda entry: entry.rank_key).candidate.compiled().texts] if described else []
    return [start.texts for start in search.task.start] + best


def archived_texts(search: Search) -> list[list[str]]:
    """Per class its own texts in the user's prompts and in the best candidates so far, each once and not too many."""
    found: list[dict[str, None]] = [{} for _ in search.task.classes]
    best = [entry.candidate.compiled().texts for entry in search.archive.best(MOST_CANDIDATES)]
    for texts in [*(start.texts for start in search.task.start), *best]:
        for own, more in zip(found, texts, strict=True):
            own.update(dict.fromkeys(more[: MOST_TEXTS - len(own)]))
    return [list(own) for own in found]
