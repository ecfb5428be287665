"""Several strategies on one budget, the cheapest first; for those who do not want to choose.

cupl:        descriptions of every class                  (classes x 3 x samples calls)
proapo:      templates, then the best of those texts      (2 calls per class, then none)
hill-climb, glov, ipo: templates alone, then joined to the best texts   (the language model in the loop)
ensemble-selection:    of all that is there now, what classifies best together (kinds, and what tells classes apart)

All work on one archive: each finds there what those before it found, and every reply and every embedding
serves them all. The winner is chosen on the select split, as ever. A budget that ends one of them ends the others too,
but for the last: it selects from what was found until then, without asking. FuDD is left out: its questions grow with
the square of the number of classes, and no single matrix can hold what it finds. `--strategy auto --strategy fudd` adds
it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

from evaluators import Candidate
from optimizers.archive import Scored
from optimizers.cupl import Cupl
from optimizers.ensemble_selection import EnsembleSelection
from optimizers.errors import BudgetReached
from optimizers.glov import Glov
from optimizers.hill_climbing import HillClimbing
from optimizers.ipo import Ipo
from optimizers.proapo import ProApo
from optimizers.search import SHORTLIST, Optimizer, Search
from optimizers.settings import Count, CountOrZero, Settings
from optimizers.task import Plan, Task

__all__ = ["Auto", "HandedOver", "in_turn"]

Capped = TypeVar("Capped", Cupl, ProApo, HillClimbing, Glov, Ipo)


@dataclass(frozen=True, slots=True)
class Auto(Settings):
    """Settings; what they leave open is as in the strategies themselves.

    Attributes:
        samples: CuPL's answers per question.
        rounds: ProAPO's, over groups of classes.
        calls: questions of each strategy that has the language model in the loop, for GLOV and IPO rounded up to whole
            steps of 5 and 4; 0 leaves those strategies out.
        max_tokens: longest reply in tokens, for all of them; 0 for what each has of its own.
    """

    called: ClassVar[str] = "auto"

    samples: Count = 4
    rounds: Count = 1
    calls: CountOrZero = 20
    max_tokens: CountOrZero = 0

    def plan(self, task: Task) -> Plan:
        """What the strategies plan, added up."""
        plans = [strategy.plan(task) for _, strategy in self.strategies]
        return Plan(sum(plan.llm_calls for plan in plans), sum(plan.evaluations for plan in plans))

    def run(self, search: Search) -> list[Candidate]:
        """Run them one after the other; hand over the best of each, then the best of the rest."""
        *first, last = self.strategies
        found: list[list[Scored]] = []
        for each in in_turn(search, first, search.score):
            found.append(each.found)
            _report(search, each)
        name, strategy = last
        selected = list(strategy.run(search))
        try:
            found.append(search.score(selected))
        except BudgetReached as reached:  # of time: what was selected is handed over unscored, the engine scores it
            _report(search, HandedOver(name, [], str(reached)))
            return [*selected, *(entry.candidate for entry in shortlist(found)[: SHORTLIST - len(selected)])]
        _report(search, HandedOver(name, found[-1]))
        return [entry.candidate for entry in shortlist(found)]

    @property
    def strategies(self) -> tuple[tuple[str, Optimizer], ...]:
        """By name, in the order they run in."""
        first: tuple[tuple[str, Optimizer], ...] = (
            ("cupl", self._capped(Cupl(samples=self.samples, combine="templates"))),
            ("proapo", self._capped(ProApo(rounds=self.rounds))),
        )
        selection = EnsembleSelection()
        if self.max_tokens:
            selection = replace(selection, max_tokens=self.max_tokens)
        last = ("ensemble-selection", selection)
        if not self.calls:
            return (*first, last)
        return (
            *first,
            ("hill-climb", self._capped(HillClimbing(iterations=self.calls))),
            ("glov", self._capped(Glov(steps=-(-self.calls // 5), samples=5))),
            ("ipo", self._capped(Ipo(steps=-(-self.calls // 4), samples=4))),
            last,
        )

    def _capped(self, strategy: Capped) -> Capped:
        return replace(strategy, max_tokens=self.max_tokens) if self.max_tokens else strategy


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What a strategy of a sequence handed over.

    Attributes:
        name: the strategy's.
        found: its shortlist, scored; where a limit ended it, the best that it had found until then.
        ended_by: the limit, in words; `None` if it came to its own end.
    """

    name: str
    found: list[Scored]
    ended_by: str | None = None


def in_turn(
    search: Search,
    strategies: Sequence[tuple[str, Optimizer]],
    score: Callable[[Sequence[Candidate]], list[Scored]],
    begin: Callable[[str, int], None] | None = None,
) -> Iterator[HandedOver]:
    """Run strategies in order; the first that a limit ends is the last.

    Args:
        search: their world; each finds in its archive what those before it found.
        strategies: with their names.
        score: of a shortlist; most of it is known already.
        begin: told of each strategy, and of its number from 0, before it runs.
    """
    for number, (name, strategy) in enumerate(strategies):
        if begin is not None:
            begin(name, number)
        begun = len(search.archive)
        try:
            handed_over = HandedOver(name, score(strategy.run(search)[:SHORTLIST]))
        except BudgetReached as reached:
            handed_over = HandedOver(name, search.archive.best(SHORTLIST, since=begun), str(reached))
        yield handed_over
        if handed_over.ended_by is not None:
            return


def _report(search: Search, each: HandedOver) -> None:
    if each.ended_by is not None:
        search.log(f"auto: the budget ended {each.name}")
    elif each.found:
        best = min(each.found, key=lambda entry: entry.rank_key)
        search.log(f"auto: {each.name} hands over {len(each.found)}, the best with fitness {best.fitness:.4f}")


def shortlist(found: Sequence[Sequence[Scored]]) -> list[Scored]:
    """The best of each strategy, and of all others the best, `SHORTLIST` at most; the fittest first."""
    firsts = {min(each, key=lambda entry: entry.rank_key).order for each in found if each}
    all_ = {entry.order: entry for each in found for entry in each}
    ranked = sorted(all_.values(), key=lambda entry: (entry.order not in firsts, *entry.rank_key))
    return sorted(ranked[:SHORTLIST], key=lambda entry: entry.rank_key)
