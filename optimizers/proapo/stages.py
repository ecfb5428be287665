"""ProAPO's two stages (Qu et al. 2025, arXiv:2502.19844): which templates together, then which texts of each class.

stage 1 (section 3.2): every template alone; from a few on, edit, mutate and cross the 4 fittest sets
stage 2 (section 3.3): prompt sampling gives a starting point
for round in 1..rounds: group sampling; for each group of classes:
    for generation in 1..4: edit, mutate and cross the texts of the group in the 4 fittest
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from evaluators import PHOTO_TEMPLATE, ClassLabel, PromptSet
from optimizers.proapo.class_texts import ClassTexts
from optimizers.proapo.evolution import Evolution
from optimizers.proapo.group_sampling import (
    clear_loss,
    confusion_groups,
    excluded_classes,
    group_size,
    important_groups,
)
from optimizers.proapo.population import Genome, Population, genes_of, with_genes
from optimizers.search import Search

__all__ = ["ClassTextStage", "evolve_templates", "worth_keeping"]

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
        worst = search.class_cross_entropies(here.candidate)
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


@dataclass(frozen=True, slots=True)
class TemplateSets:
    """Sets of templates of a library; a genome has one list, the library."""

    classes: Sequence[ClassLabel]
    library: Sequence[str]

    def templates(self, genome: Genome) -> list[str]:
        """Those that a genome chooses."""
        return [self.library[number] for number in genome[0]]

    def prompt_set(self, genome: Genome) -> PromptSet:
        """The candidate that a genome stands for."""
        return PromptSet.of(self.classes, self.templates(genome))


def worth_keeping(search: Search, library: Sequence[str], keep: int, batch: int) -> list[str]:
    """Score every template alone; drop those that clearly lose against "a photo of a {}.".

    Args:
        search: scores them.
        library: the templates; "a photo of a {}." comes first if it is among them.
        keep: how many stay at most, the best; 0 for no limit.
        batch: how many are scored together.
    """
    alone = [PromptSet.of(search.task.classes, [template]) for template in library]
    scored = [entry for start in range(0, len(alone), batch) for entry in search.score(alone[start : start + batch])]
    plain = scored[0].score.top1 if library[0] == PHOTO_TEMPLATE else 0.0
    limit = plain - clear_loss(search.task.n_search)
    ranked = sorted(zip(scored, library, strict=True), key=lambda pair: pair[0].rank_key)
    kept = [template for entry, template in ranked if entry.score.top1 > limit]
    chosen = set(kept[: keep or len(kept)])
    search.log(f"proapo: {len(library)} templates, {len(kept)} not clearly worse than {PHOTO_TEMPLATE!r}")
    return [template for template in library if template in chosen]


def evolve_templates(search: Search, library: Sequence[str], evolution: Evolution) -> tuple[str, ...]:
    """From a few templates alone on: the fittest set of templates of a library."""
    sets = TemplateSets(search.task.classes, library)
    population = Population(search, sets.prompt_set)
    alone: list[Genome] = [((number,),) for number in range(len(library))]
    population.add(search.rng.sample(alone, min(evolution.parents, len(alone))))
    pool = [(0, number) for number in range(len(library))]
    evolution.run(population, population.best, pool, search.rng)
    population.add(alone)  # known already, and free: the best single template may be the winner
    best = population.best
    search.log(f"proapo: stage 1 ends with {len(best[0])} templates, fitness {population[best].fitness:.4f}")
    return tuple(sets.templates(best))
