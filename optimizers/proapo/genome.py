"""What evolves: a choice out of one or more numbered lists, such as the templates, or the texts of each class."""

from collections.abc import Iterable, Sequence

__all__ = ["Gene", "Genes", "Genome", "genes_of", "with_genes"]

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
