"""How ProAPO makes new sets of items from those it has (Qu et al. 2025, arXiv:2502.19844, section 3.2).

A set is a sorted tuple of different items. Every operator gives possible children in random order, a few hundred at
most, and takes all its randomness from `rng`; who calls it takes as many as are new.
"""

import random
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["Breeding", "additions", "crossings", "fresh_sets", "removals", "replacements"]

TRIES = 256
"""How many children an operator offers at most."""


class Item(Protocol):
    """Anything with an order: a number, a pair of numbers."""

    def __lt__(self, other: Any, /) -> bool:  # noqa: ANN401 - what it is compared with is the item's own affair
        ...

    def __hash__(self) -> int: ...


I = TypeVar("I", bound=Item)  # noqa: E741 - an item
G = TypeVar("G")


def additions(items: Sequence[I], pool: Sequence[I], rng: random.Random) -> Iterator[tuple[I, ...]]:
    """The set and one more item of the pool."""
    absent = _absent(items, pool)
    for position in _draw(len(absent), rng):
        yield tuple(sorted([*items, absent[position]]))


def removals(items: Sequence[I], rng: random.Random) -> Iterator[tuple[I, ...]]:
    """The set without one item; nothing if it has no more than two."""
    if len(items) > 2:
        for position in _draw(len(items), rng):
            yield (*items[:position], *items[position + 1 :])


def replacements(items: Sequence[I], pool: Sequence[I], rng: random.Random) -> Iterator[tuple[I, ...]]:
    """The set with one item exchanged for one of the pool."""
    absent = _absent(items, pool)
    for position in _draw(len(items) * len(absent), rng):
        out, new = divmod(position, len(absent))
        yield tuple(sorted([*items[:out], absent[new], *items[out + 1 :]]))


def fresh_sets(pool: Sequence[I], size: int, rng: random.Random) -> Iterator[tuple[I, ...]]:
    """Random sets of `size` items of the pool (all of it, if it has fewer)."""
    for _ in range(TRIES):
        yield tuple(sorted(rng.sample(pool, min(size, len(pool)))))


def crossings(parents: Sequence[Sequence[I]], rng: random.Random) -> Iterator[tuple[I, ...]]:
    """What all parents share, and k ~ U{1..|rest|} of the rest, the likelier the more parents hold an item.

    Drawn without replacement. Parents that are all alike have nothing to cross.
    """
    holders = Counter(item for parent in parents for item in parent)
    shared = [item for item in sorted(holders) if holders[item] == len(parents)]
    rest = [item for item in sorted(holders) if holders[item] < len(parents)]
    for _ in range(TRIES if rest else 0):
        drawn = _weighted_sample(rest, [holders[item] for item in rest], rng.randint(1, len(rest)), rng)
        yield tuple(sorted([*shared, *drawn]))


@dataclass(frozen=True, slots=True)
class Breeding(Generic[I]):
    """How many children of each kind make a generation.

    Attributes:
        edits: additions, removals and replacements per parent, that many of each.
        mutations: fresh sets.
        crossovers: crossings of all parents.
        most: children altogether.
        pool: the items there are.
    """

    edits: int
    mutations: int
    crossovers: int
    most: int
    pool: Sequence[I]

    def children(
        self,
        parents: Sequence[Sequence[I]],
        size: int,
        rng: random.Random,
        known: Container[G],
        genome: Callable[[int | None, tuple[I, ...]], G],
    ) -> list[G]:
        """One generation, none of them known.

        Args:
            parents: the sets to edit and to cross.
            size: of a fresh set.
            rng: where the draws come from.
            known: what was scored before.
            genome: what becomes of a set; the number is that of the parent it was edited from.
        """
        born: dict[G, None] = {}

        def bear(parent: int | None, sets: Iterable[tuple[I, ...]], most: int) -> None:
            offered = (genome(parent, items) for items in sets)
            for child in islice((c for c in offered if c not in known and c not in born), most):
                born[child] = None

        for number, parent in enumerate(parents):
            bear(number, additions(parent, self.pool, rng), self.edits)
            bear(number, removals(parent, rng), self.edits)
            bear(number, replacements(parent, self.pool, rng), self.edits)
        bear(None, fresh_sets(self.pool, size, rng), self.mutations)
        bear(None, crossings(parents, rng), self.crossovers)
        return list(born)[: self.most]


def _absent(items: Sequence[I], pool: Sequence[I]) -> list[I]:
    present = set(items)
    return [item for item in pool if item not in present]


def _draw(n: int, rng: random.Random) -> list[int]:
    return rng.sample(range(n), min(n, TRIES))


def _weighted_sample(items: Sequence[I], weights: Sequence[int], k: int, rng: random.Random) -> list[I]:
    """k of the items without replacement, each draw in proportion to the whole-number weights of those left."""
    left, heavy, drawn = list(items), list(weights), []
    for _ in range(k):
        ticket = rng.randrange(sum(heavy))
        position = 0
        while ticket >= heavy[position]:
            ticket -= heavy[position]
            position += 1
        drawn.append(left.pop(position))
        heavy.pop(position)
    return drawn
