"""ProAPO's stage 1: which templates together (Qu et al. 2025, arXiv:2502.19844, section 3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators import PHOTO_TEMPLATE, ClassLabel, PromptSet
from optimizers.proapo.evolution import Evolution
from optimizers.proapo.genome import Genome
from optimizers.proapo.group_sampling import clear_loss
from optimizers.proapo.population import Population
from optimizers.search import Search

__all__ = ["evolve_templates", "worth_keeping"]


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
