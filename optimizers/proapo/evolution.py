"""ProAPO's evolution: new sets of items from those there are, and (mu + lambda) selection over all that was scored.

A set is a sorted tuple of different genes. Every operator (Qu et al. 2025, arXiv:2502.19844, section 3.2) gives
possible children in random order, a few hundred at most, and takes all its randomness from `rng`; who calls it takes as
many as are new.
"""

import random
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from optimizers.proapo.population import Gene, Genes, Genome, Population, genes_of, with_genes

__all__ = ["Evolution", "additions", "crossings", "mutations", "removals", "replacements"]


@dataclass(frozen=True, slots=True)
class Evolution:
    """How many children of each kind there are, and for how long.

    Attributes:
        generations: how many.
        parents: the fittest, which have children.
        edits: additions and removals per parent, that many of each, and half as many replacements.
        mutations: random sets per generation.
        crossovers: children of all parents together per generation.
        most: children per generation altogether.
    """

    generations: int
    parents: int
    edits: int
    mutations: int
    crossovers: int
    most: int

    @property
    def replacements(self) -> int:
        """Per parent: half the edits, rounded up."""
        return -(-self.edits // 2)

    @property
    def candidates(self) -> int:
        """How many are scored at most."""
        edits = self.parents * (2 * self.edits + self.replacements)
        generation = edits + self.mutations + self.crossovers
        return self.generations * min(self.most, generation)

    def run(
        self,
        population: Population,
        current: Genome,
        pool: Sequence[Gene],
        rng: random.Random,
        mutated: Genes = (),
    ) -> None:
        """Let a population grow.

        Args:
            population: what there is; it is scored.
            current: what mutations and crossings are put into: it has the genes of all other lists.
            pool: the genes there are, in ascending order; at least one of every list that evolves.
            rng: where the draws come from.
            mutated: what mutations add to; without any they are fresh sets.
        """
        for generation in range(self.generations):
            parents = population.fittest(self.parents)
            size = 2 + generation
            population.add(self.children(parents, current, pool, size, rng, population, mutated))

    def children(
        self,
        parents: Sequence[Genome],
        current: Genome,
        pool: Sequence[Gene],
        size: int,
        rng: random.Random,
        known: Container[Genome],
        mutated: Genes = (),
    ) -> list[Genome]:
        """One generation, none of them known; a mutation draws `size` genes, the others are as in `run`.

        Where there are more than `most`, each operator keeps its share.
        """
        lists = tuple(dict.fromkeys(number for number, _ in pool))
        born: dict[Genome, float] = {}
        for genome, sets, most in self._operators(parents, current, pool, lists, size, rng, mutated):
            offered = (with_genes(genome, lists, genes) for genes in sets)
            new = list(islice(_different(offered, known, born), most))
            born.update({child: (number + 0.5) / len(new) for number, child in enumerate(new)})
        kept = set(sorted(born, key=born.__getitem__)[: self.most])
        return [child for child in born if child in kept]

    def _operators(
        self,
        parents: Sequence[Genome],
        current: Genome,
        pool: Sequence[Gene],
        lists: Sequence[int],
        size: int,
        rng: random.Random,
        mutated: Genes,
    ) -> Iterator[tuple[Genome, Iterator[Genes], int]]:
        """Of every operator: the genome that its sets of genes are put into, the sets, and how many are taken."""
        genes = [genes_of(parent, lists) for parent in parents]
        for parent, own in zip(parents, genes, strict=True):
            yield parent, additions(own, pool, rng), self.edits
            yield parent, removals(own, rng), self.edits
            yield parent, replacements(own, pool, rng), self.replacements
        yield current, mutations(mutated, pool, size, rng), self.mutations
        yield current, crossings(genes, rng), self.crossovers


def _different(offered: Iterable[Genome], known: Container[Genome], born: Container[Genome]) -> Iterator[Genome]:
    """Those of the genomes that are neither known nor born, each once."""
    seen: set[Genome] = set()
    for child in offered:
        if child not in known and child not in born and child not in seen:
            seen.add(child)
            yield child


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
