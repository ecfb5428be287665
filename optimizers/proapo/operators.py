"""How ProAPO makes new sets of items from those it has (Qu et al. 2025, arXiv:2502.19844, section 3.2).

A set is a sorted tuple of different genes. Every operator gives possible children in random order, a few hundred at
most, and takes all its randomness from `rng`; who calls it takes as many as are new.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from optimizers.proapo.genome import Gene, Genes

__all__ = ["additions", "crossings", "mutations", "removals", "replacements"]

TRIES = 256
"""How many children an operator offers at most."""


def additions(genes: Genes, pool: Sequence[Gene], rng: random.Random) -> Iterator[Genes]:
    """The set and one more gene of the pool."""
    absent = _absent(genes, pool)
    for position in _draw(len(absent), rng):
        yield tuple(sorted([*genes, absent[position]]))


def removals(genes: Genes, rng: random.Random) -> Iterator[Genes]:
    """The set without one gene; nothing if it has no more than two."""
    if len(genes) > 2:
        for position in _draw(len(genes), rng):
            yield (*genes[:position], *genes[position + 1 :])


def replacements(genes: Genes, pool: Sequence[Gene], rng: random.Random) -> Iterator[Genes]:
    """The set with one gene exchanged for one of the pool."""
    absent = _absent(genes, pool)
    for position in _draw(len(genes) * len(absent), rng):
        out, new = divmod(position, len(absent))
        yield tuple(sorted([*genes[:out], absent[new], *genes[out + 1 :]]))


def mutations(genes: Genes, pool: Sequence[Gene], size: int, rng: random.Random) -> Iterator[Genes]:
    """The set and `size` random genes more (all of the pool, if it has fewer); of an empty set, fresh random sets."""
    absent = _absent(genes, pool)
    for _ in range(TRIES if absent else 0):
        yield tuple(sorted([*genes, *rng.sample(absent, min(size, len(absent)))]))


def crossings(parents: Sequence[Genes], rng: random.Random) -> Iterator[Genes]:
    """What all parents share, and k ~ U{1..|rest|} of the rest, the likelier the more parents hold an gene.

    Drawn without replacement. Parents that are all alike have nothing to cross.
    """
    holders = Counter(gene for parent in parents for gene in parent)
    shared = [gene for gene in sorted(holders) if holders[gene] == len(parents)]
    rest = [gene for gene in sorted(holders) if holders[gene] < len(parents)]
    for _ in range(TRIES if rest else 0):
        drawn = _weighted_sample(rest, [holders[gene] for gene in rest], rng.randint(1, len(rest)), rng)
        yield tuple(sorted([*shared, *drawn]))


def _absent(genes: Genes, pool: Sequence[Gene]) -> list[Gene]:
    present = set(genes)
    return [gene for gene in pool if gene not in present]


def _draw(n: int, rng: random.Random) -> list[int]:
    return rng.sample(range(n), min(n, TRIES))


def _weighted_sample(genes: Sequence[Gene], weights: Sequence[int], k: int, rng: random.Random) -> list[Gene]:
    """k of the genes without replacement, each draw in proportion to the whole-number weights of those left."""
    left, heavy, drawn = list(genes), list(weights), []
    for _ in range(k):
        ticket = rng.randrange(sum(heavy))
        position = 0
        while ticket >= heavy[position]:
            ticket -= heavy[position]
            position += 1
        drawn.append(left.pop(position))
        heavy.pop(position)
    return drawn
