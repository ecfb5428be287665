"""What evolves, a choice out of numbered lists (the templates, or the texts of each class), each scored once."""

from collections.abc import Callable, Iterable, Sequence
from heapq import nsmallest

from evaluators import PromptSet
from optimizers.archive import Scored
from optimizers.search import Search

__all__ = ["Gene", "Genes", "Genome", "Population", "genes_of", "with_genes"]

Gene = tuple[int, int]
"""That of a list the entry of a number is chosen: (list, number)."""

Genes = tuple[Gene, ...]
"""Different genes in ascending order."""

Genome = tuple[tuple[int, ...], ...]
"""Per list the numbers of the entries that are chosen, in ascending order, at least one."""


def genes_of(genome: Genome, lists: Sequence[int]) -> Genes:
    """What a genome chooses from some of the lists.

    >>> genes_of(((0,), (1, 3), (2,)), lists=[1, 2])
    ((1, 1), (1, 3), (2, 2))
    """
    return tuple((number, i) for number in lists for i in genome[number])


def with_genes(genome: Genome, lists: Sequence[int], genes: Iterable[Gene]) -> Genome:
    """The genome with these genes for some of the lists; a list without any stays as it is.

    >>> with_genes(((0,), (0,), (0,)), lists=[1, 2], genes=[(2, 1), (2, 3)])
    ((0,), (0,), (1, 3))
    """
    chosen: dict[int, list[int]] = {number: [] for number in lists}
    for number, i in genes:
        chosen[number].append(i)
    changed = list(genome)
    for number, own in chosen.items():
        changed[number] = tuple(sorted(own)) or genome[number]
    return tuple(changed)


class Population:
    """Genomes and how they fared: all of them compete, parents with children, from the first to the last generation.

    Args:
        search: scores the candidates.
        express: the prompt set that a genome stands for; equal genomes give equal sets.
    """

    def __init__(self, search: Search, express: Callable[[Genome], PromptSet]) -> None:
        self._search = search
        self._express = express
        self._scored: dict[Genome, Scored] = {}
        self._ranks: dict[Genome, tuple[float, float, int, int]] = {}

    def __len__(self) -> int:
        return len(self._scored)

    def __contains__(self, genome: object) -> bool:
        return genome in self._scored

    def __getitem__(self, genome: Genome) -> Scored:
        return self._scored[genome]

    def add(self, genomes: Iterable[Genome]) -> list[Scored]:
        """Score those that are new, together; the entries of all, in order."""
        asked = list(genomes)
        new = [genome for genome in dict.fromkeys(asked) if genome not in self._scored]
        for genome, entry in zip(new, self._search.score([self._express(each) for each in new]), strict=True):
            self._scored[genome] = entry
            self._ranks[genome] = entry.rank_key
        return [self._scored[genome] for genome in asked]

    def fittest(self, k: int) -> list[Genome]:
        """The k best, best first; ties as in `Scored.rank_key`, then in order of arrival."""
        return nsmallest(k, self._ranks, key=self._ranks.__getitem__)

    @property
    def best(self) -> Genome:
        """The first of the fittest."""
        return min(self._ranks, key=self._ranks.__getitem__)
