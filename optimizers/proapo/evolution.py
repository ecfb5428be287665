"""The generations of an evolution: (mu + lambda) selection over everything that was scored."""

import random
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from optimizers.proapo.genome import Gene, Genes, Genome, genes_of, with_genes
from optimizers.proapo.operators import additions, crossings, fresh_sets, removals, replacements
from optimizers.proapo.population import Population

__all__ = ["Evolution"]


@dataclass(frozen=True, slots=True)
class Evolution:
    """How many children of each kind there are, and for how long.

    Attributes:
        generations: how many.
        parents: the fittest, which have children.
        edits: additions, removals and replacements per parent, that many of each.
        mutations: fresh random sets per generation.
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
    def candidates(self) -> int:
        """How many are scored at most."""
        generation = 3 * self.parents * self.edits + self.mutations + self.crossovers
        return self.generations * min(self.most, generation)

    def run(self, population: Population, current: Genome, pool: Sequence[Gene], rng: random.Random) -> None:
        """Let a population grow.

        Args:
            population: what there is; it is scored.
            current: what fresh sets and crossings are put into: it has the genes of all other lists.
            pool: the genes there are, in ascending order; at least one of every list that evolves.
            rng: where the draws come from.
        """
        for generation in range(self.generations):
            parents = population.fittest(self.parents)
            population.add(self.children(parents, current, pool, 2 + generation, rng, population))

    def children(
        self,
        parents: Sequence[Genome],
        current: Genome,
        pool: Sequence[Gene],
        size: int,
        rng: random.Random,
        known: Container[Genome],
    ) -> list[Genome]:
        """One generation, none of them known; `size` is that of a fresh set, the others are as in `run`."""
        lists = tuple(dict.fromkeys(number for number, _ in pool))
        born: dict[Genome, None] = {}
        for genome, sets, most in self._operators(parents, current, pool, lists, size, rng):
            offered = (with_genes(genome, lists, genes) for genes in sets)
            for child in islice((child for child in offered if child not in known and child not in born), most):
                born[child] = None
        return list(born)[: self.most]

    def _operators(
        self,
        parents: Sequence[Genome],
        current: Genome,
        pool: Sequence[Gene],
        lists: Sequence[int],
        size: int,
        rng: random.Random,
    ) -> Iterator[tuple[Genome, Iterator[Genes], int]]:
        """Of every operator: the genome that its sets of genes are put into, the sets, and how many are taken."""
        genes = [genes_of(parent, lists) for parent in parents]
        for parent, own in zip(parents, genes, strict=True):
            yield parent, additions(own, pool, rng), self.edits
            yield parent, removals(own, rng), self.edits
            yield parent, replacements(own, pool, rng), self.edits
        yield current, fresh_sets(pool, size, rng), self.mutations
        yield current, crossings(genes, rng), self.crossovers
