"""What a search for templates hands over: ensembles built from what it found, and different single templates.

A template beside many texts of a class says next to nothing: its embedding is one of many in their mean, and a search
that scored templates so would go by noise. So templates are searched alone, and joined to class texts at the end: in
the place of the template that opens each text, and beside the texts.
"""

from collections.abc import Iterable, Sequence

from evaluators import ClassLabel, PromptSet, fill
from optimizers.search import SHORTLIST, Search
from optimizers.shortlist import different, words_alike
from optimizers.task import Task
from optimizers.template_search.proposals import ScoredTemplate, best_first

__all__ = ["ENDING", "described_candidate", "hand_over", "joined", "opened_by"]

CONSIDERED = 20
"""How many of the best templates an ensemble is built from."""

LARGEST = 5
"""Templates in an ensemble at most."""

JOINED = 2
ENDING = CONSIDERED * (LARGEST - 1) + JOINED
"""Candidates that `hand_over` scores at most, beside those of the caller."""

SINGLES = 2
"""Single templates that come before a caller's own ensembles."""


def hand_over(
    search: Search,
    found: Iterable[ScoredTemplate],
    described: PromptSet | None,
    ensembles: Sequence[PromptSet] = (),
) -> list[PromptSet]:
    """At most `SHORTLIST` different candidates, the fittest first. The language model is not asked.

    Args:
        search: scores them.
        found: the templates of the search.
        described: the candidate with class texts that the search began with, to be joined; `None` without one.
        ensembles: those of the strategy itself.

    Raises:
        BudgetReached: if time is up.
    """
    ranked = best_first({each.order: each for each in found}.values())
    if not ranked:
        return []
    classes = search.task.classes
    ensemble = _greedy_ensemble(search, ranked[:CONSIDERED])
    singles = [
        PromptSet.of(classes, [each.template])
        for each in different(ranked, lambda a, b: words_alike(a.template, b.template), SHORTLIST)
    ]
    with_texts = joined(search, described, ensemble) if described is not None else []
    wanted = [PromptSet.of(classes, ensemble), *with_texts, *singles[:SINGLES], *ensembles, *singles[SINGLES:]]
    chosen = list({each.fingerprint: each for each in wanted}.values())[:SHORTLIST]
    scored = zip(search.score(chosen), chosen, strict=True)
    return [candidate for _, candidate in sorted(scored, key=lambda pair: pair[0].rank_key)]


def _greedy_ensemble(search: Search, ranked: Sequence[ScoredTemplate]) -> list[str]:
    """From the best template on, one more at a time, the one that raises the fitness most, as long as one does."""
    chosen, fitness = [ranked[0].template], ranked[0].fitness
    while len(chosen) < LARGEST:
        others = [each.template for each in ranked if each.template not in chosen]
        scored = search.score([PromptSet.of(search.task.classes, [*chosen, other]) for other in others])
        best, entry = min(zip(others, scored, strict=True), key=lambda pair: pair[1].rank_key, default=("", None))
        if entry is None or entry.fitness <= fitness:
            break
        chosen, fitness = [*chosen, best], entry.fitness
    return chosen


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
