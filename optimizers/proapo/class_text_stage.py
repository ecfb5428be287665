"""ProAPO's stage 2: which texts of each class, a group of classes at a time (Qu et al. 2025, section 3.3).

prompt sampling gives a starting point
for round in 1..rounds: group sampling; for each group of classes:
    for generation in 1..4: edit, mutate and cross the texts of the group in the 4 fittest
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from optimizers.proapo.class_texts import ClassTexts
from optimizers.proapo.evolution import Evolution
from optimizers.proapo.genome import Genome, genes_of, with_genes
from optimizers.proapo.group_sampling import (
    clear_loss,
    confusion_groups,
    excluded_classes,
    group_size,
    important_groups,
)
from optimizers.proapo.population import Population
from optimizers.search import Search

__all__ = ["ClassTextStage"]

NEAREST = 5
"""Classes per image that count as confused."""


@dataclass(frozen=True, slots=True)
class ClassTextStage:
    """How long to search for class texts.

    Attributes:
        samples: random starting points, of each of two kinds.
        rounds: of group sampling and search.
        groups: of classes per round, at most.
        evolution: of each group.
    """

    samples: int
    rounds: int
    groups: int
    evolution: Evolution

    def candidates(self, classes: int) -> int:
        """How many are scored at most."""
        group = self.evolution.parents + self.evolution.candidates
        return 2 + 2 * self.samples + self.rounds * (classes + self.groups * group)

    def run(self, search: Search, texts: ClassTexts) -> None:
        """Search; whatever is scored is in the archive of `search`."""
        population = Population(search, texts.prompt_set)
        population.add([texts.full, texts.plain, *self._starting_points(texts.full, search.rng)])
        for _ in range(self.rounds):
            for group in self._sample_groups(search, population, texts):
                self._search_group(search, population, texts, sorted(group))
        fitness = population[population.best].fitness
        search.log(f"proapo: stage 2 ends with fitness {fitness:.4f} after {len(population)} candidates")

    def _starting_points(self, full: Genome, rng: random.Random) -> list[Genome]:
        """Prompt sampling: a number of texts per class between a third and all, then one number for every class."""
        each = [tuple(_some(own, _number(len(own), rng), rng) for own in full) for _ in range(self.samples)]
        shared = [_number(max(map(len, full)), rng) for _ in range(self.samples)]
        return each + [tuple(_some(own, n, rng) for own in full) for n in shared]

    def _sample_groups(self, search: Search, population: Population, texts: ClassTexts) -> list[tuple[int, ...]]:
        """Group sampling: up to half of the groups by importance, the others around the worst classes.

        The importance of a class is the fitness when it alone has all of its texts, those of its other names among
        them. Where that does most harm, the class is excluded.
        """
        current, task = population.best, search.task
        here = population[current]
        trials = [with_genes(current, [c], texts.genes([c])) for c in texts.movable]
        scored = dict(zip(texts.movable, population.add(trials), strict=True))
        accuracies = {c: entry.score.top1 for c, entry in scored.items()}
        excluded = excluded_classes(accuracies, here.score.top1 - clear_loss(task.n_search))
        gains = {c: entry.fitness - here.fitness for c, entry in scored.items() if c not in excluded}
        size = group_size(len(task.classes))
        important = important_groups(gains, size)[: (self.groups + 1) // 2]
        most = self.groups - len(important)
        if not most or not task.labels:
            return important
        top = search.top_classes(here.candidate, NEAREST)
        clusters = search.class_clusters(here.candidate.compiled(), -(-len(task.classes) // size))
        worst = here.score.class_cross_entropy
        return important + confusion_groups(worst, task.labels, top, clusters, gains, size, most)

    def _search_group(self, search: Search, population: Population, texts: ClassTexts, group: Sequence[int]) -> None:
        """Evolve the texts of some classes; the others, and classes without an item, stay as they are."""
        current = population.best
        pool = texts.genes(group)
        own = genes_of(current, group)
        absent = [gene for gene in pool if gene not in own]
        more = search.rng.sample(absent, min(self.evolution.parents, len(absent)))
        population.add([current, *(with_genes(current, group, [*own, gene]) for gene in more)])
        self.evolution.run(population, current, pool, search.rng, mutated=own)


def _number(most: int, rng: random.Random) -> int:
    return rng.randint(-(-most // 3), most)


def _some(own: tuple[int, ...], n: int, rng: random.Random) -> tuple[int, ...]:
    return tuple(sorted(rng.sample(own, min(n, len(own)))))
