"""What a search for templates hands over: ensembles built from what it found, and different single templates."""

from collections.abc import Iterable, Sequence

from evaluators import PromptSet
from optimizers.search import SHORTLIST, Search
from optimizers.shortlist import different, words_alike
from optimizers.template_search.joining import joined
from optimizers.template_search.scored_template import ScoredTemplate, best_first

__all__ = ["ENDING", "hand_over"]

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
