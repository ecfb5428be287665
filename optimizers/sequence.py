"""Several strategies one after the other on one search."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from evaluators import Candidate
from optimizers.archive import Scored
from optimizers.errors import BudgetReached
from optimizers.search import SHORTLIST, Optimizer, Search

__all__ = ["HandedOver", "in_turn"]


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
