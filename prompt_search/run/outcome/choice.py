"""The winner is chosen on the select split, and no baseline does better there than what is handed over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evaluators import Fitness, Score
from optimizers import Scored
from prompt_search.run.journal.events import ScoredOnSelect, WinnerChosen
from prompt_search.run.journal.journal import Journal
from prompt_search.run.outcome.last_selection import Recipe, refit
from prompt_search.run.outcome.split_evaluators import SplitEvaluators

__all__ = ["Choice", "Contender", "choose_winner"]


@dataclass(frozen=True, slots=True)
class Contender:
    """A candidate that may win.

    Attributes:
        name: how it is called in the table.
        found_by: the strategy that handed it over, `start`, or `baseline`.
        searched: its entry of the search split.
        select: its score on the select split, once that is read.
    """

    name: str
    found_by: str
    searched: Scored
    select: Score | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is handed over, and who is not.

    Attributes:
        final: who is handed over.
        before: the winner before it was selected again with the select images, if its last form is handed over.
        recipe: how `final` was selected, if it was selected from a library.
        beaten: whose place a baseline took; `None` if none did.
        baselines: all of them, with their select scores.
    """

    final: Contender
    before: Contender | None
    recipe: Recipe | None
    beaten: Contender | None
    baselines: Sequence[Contender]


@dataclass(frozen=True, slots=True)
class _Forms:
    """A contender as it was searched, and selected again with the select images where that can be done."""

    first: Contender
    last: Contender
    recipe: Recipe | None

    @property
    def selected_again(self) -> bool:
        return self.last is not self.first


def choose_winner(
    contenders: Sequence[Contender],
    recipes: Mapping[str, Recipe | None],
    evaluators: SplitEvaluators,
    fitness: Fitness,
    journal: Journal,
    *,
    again: bool = True,
) -> Choice:
    """Of what was found the fittest on select; or a baseline, if one does better there.

    What was selected from a library is selected again with the select images and competes in that last form; its
    figures are of select images left out in turn. They are of prompts selected on fewer images than those handed over,
    so only top-1 speaks for a baseline against it; against prompts that were found otherwise fitness does, too. Ties go
    to lower fitted cross-entropy, fewer texts, order.

    Args:
        recipes: by the fingerprint of prompts how they were selected, if they were.
        again: whether they may be selected again.
    """
    scored = _on_select(contenders, evaluators, journal)
    forms = [_forms(each, recipes, evaluators, journal, again=again) for each in scored]
    baselines = [each for each in scored if each.found_by == "baseline"]
    found = [each for each in forms if each.first.found_by != "baseline"]

    def rank(contender: Contender) -> tuple[float, float, int, int]:
        select, searched = _select(contender), contender.searched
        return (-round(fitness(select), 6), select.fitted_cross_entropy, searched.candidate.n_texts, searched.order)

    winner = min(found or forms, key=lambda each: rank(each.last))
    final = _unbeaten(winner, baselines, rank)
    chosen = final.searched.candidate.fingerprint
    journal.event(WinnerChosen, chosen, lambda: WinnerChosen(name=final.name))
    kept = final is winner.last or final is winner.first
    return Choice(
        final,
        before=winner.first if final is winner.last and winner.selected_again else None,
        recipe=winner.recipe if kept else None,
        beaten=None if kept else winner.last,
        baselines=baselines,
    )


def _unbeaten(
    winner: _Forms, baselines: Sequence[Contender], rank: Callable[[Contender], tuple[float, float, int, int]]
) -> Contender:
    """The last form of the winner, its first form, or the baseline that beats both."""
    final = winner.last if winner.selected_again else min([winner.last, *baselines], key=rank)
    most_right = max((_select(each).top1 for each in baselines), default=0.0)
    if most_right > _select(final).top1 and winner.selected_again:
        final = winner.first
    if most_right > _select(final).top1:
        final = next(each for each in baselines if _select(each).top1 == most_right)
    return final


def _forms(
    contender: Contender, recipes: Mapping[str, Recipe | None], evaluators: SplitEvaluators, journal: Journal, *,
    again: bool,
) -> _Forms:  # fmt: skip
    recipe = recipes.get(contender.searched.candidate.fingerprint)
    if recipe is None or not again or contender.found_by == "baseline":
        return _Forms(contender, contender, recipe)
    made = refit(recipe, evaluators, journal)
    entry = replace(contender.searched, candidate=made.candidate, score=made.search)
    return _Forms(contender, replace(contender, searched=entry, select=made.select), recipe)


def _on_select(contenders: Sequence[Contender], evaluators: SplitEvaluators, journal: Journal) -> list[Contender]:
    candidates = [contender.searched.candidate for contender in contenders]
    key = ", ".join(candidate.fingerprint[:8] for candidate in candidates)
    recorded = journal.event(
        ScoredOnSelect, key, lambda: ScoredOnSelect(scores=tuple(evaluators.select.score(candidates)))
    )
    journal.expect("scores", holds=len(recorded.scores) == len(candidates))
    return [replace(contender, select=score) for contender, score in zip(contenders, recorded.scores, strict=True)]


def _select(contender: Contender) -> Score:
    assert contender.select is not None
    return contender.select
