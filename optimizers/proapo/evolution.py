"""The generations of an evolution: (mu + lambda) selection over everything that was scored."""

import random
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from optimizers.proapo.genome import Gene, Genes, Genome, genes_of, with_genes
from optimizers.proapo.operators import additions, crossings, mutations, removals, replacements
from optimizers.proapo.population import Population

__all__ = ["Evolution"]


@dataclass(frozen=True, slots=True)
class Evolution:
    """How many children of each kind there are, and for how long.

    Attributes:
        generations: how many.
        parents: the fittest, which have children.
        edits: additions, removals and replacements per parent, that many of each.
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
    def candidates(self) -> int:
        """How many are scored at most."""
        generation = 3 * self.parents * self.edits + self.mutations + self.crossovers
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
            yield parent, replacements(own, pool, rng), self.edits
        yield current, mutations(mutated, pool, size, rng), self.mutations
        yield current, crossings(genes, rng), self.crossovers


def _different(offered: Iterable[Genome], known: Container[Genome], born: Container[Genome]) -> Iterator[Genome]:
    """Those of the genomes that are neither known nor born, each once."""
    seen: set[Genome] = set()
    for child in offered:
        if child not in known and child not in born and child not in seen:
            seen.add(child)
            yield child
