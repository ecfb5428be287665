"""ProAPO: progressively automatic prompt optimisation (Qu et al. 2025, arXiv:2502.19844).

ask the language model once: domain words, and per class synonyms and descriptions
stage 1, templates:    for generation in 1..8: edit, mutate and cross the 4 fittest sets of templates
stage 2, class texts:  prompt sampling gives a starting point
                       for round in 1..rounds: group sampling; for each group of classes:
                           for generation in 1..4: edit, mutate and cross the texts of the group in the 4 fittest

All of the search is free of language model calls. Whatever was scored in a stage competes until its end.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields

from evaluators import PHOTO_TEMPLATE, PromptSet, general_templates
from optimizers.class_texts import ClassTexts, Genome, opened_by, with_items
from optimizers.group_sampling import confusion_groups, group_size, important_groups, spoiled
from optimizers.imported_prompts import templates_at_hand, texts_at_hand
from optimizers.population import Population
from optimizers.proapo_libraries import Libraries, LibraryQuestions
from optimizers.proapo_operators import Breeding
from optimizers.search import SHORTLIST, Search
from optimizers.settings import require
from optimizers.task import Plan, Task
from optimizers.template_search import VARIANTS, template_library

__all__ = ["ProApo"]

MAY_BE_ZERO = (
    "edits",
    "mutations",
    "crossovers",
    "keep",
    "samples",
    "groups",
    "domain_words",
    "synonyms",
    "descriptions",
    "max_tokens",
)
NEAREST = 5
"""Classes per image that count as confused."""


@dataclass(frozen=True, slots=True)
class ProApo:
    """Settings, with the constants of the reference implementation.

    Attributes:
        generations: of templates, in stage 1.
        parents: the fittest that have children.
        edits: additions, removals and replacements per parent, that many of each.
        mutations: fresh random sets per generation; half as many in stage 2.
        crossovers: children of all parents together per generation.
        children: per generation at most.
        keep: how many templates go into stage 1, the best ones; 0 for all that lose nothing to speak of.
        samples: random starting points of stage 2, of each of two kinds.
        groups: of classes per round, at most; 0 ends the search with the starting points of stage 2.
        group_generations: per group.
        rounds: of group sampling and search.
        domain_words: to widen the templates with; each adds up to four times their number.
        synonyms: of each class, at most.
        descriptions: of each class, at most, beside those of the user's own prompts and of the best so far.
        max_tokens: longest reply in tokens; 0 for what a list of that length needs.
    """

    generations: int = 8
    parents: int = 4
    edits: int = 8
    mutations: int = 8
    crossovers: int = 16
    children: int = 120
    keep: int = 0
    samples: int = 16
    groups: int = 4
    group_generations: int = 4
    rounds: int = 1
    domain_words: int = 2
    synonyms: int = 3
    descriptions: int = 5
    max_tokens: int = 0

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            least = 0 if name in MAY_BE_ZERO else 1
            require(getattr(self, name) >= least, f"proapo: {name} must be at least {least}", getattr(self, name))

    def plan(self, task: Task) -> Plan:
        """One call for domain words and two per class; every template once, then generations of children."""
        own = sum(len(start.templates) for start in task.start) + SHORTLIST
        words = len(task.domain) or self.domain_words
        library = (len(general_templates()) + 1 + own) * (1 + VARIANTS * words)
        brood = 3 * self.parents * self.edits + self.mutations + self.crossovers
        generation = min(self.children, brood)
        group = self.parents + self.group_generations * min(self.children, brood - self.mutations + self.mutations // 2)
        rounds = self.rounds * (len(task.classes) + self.groups * group)
        evaluations = library + self.generations * generation + 2 + 2 * self.samples + rounds
        return Plan(llm_calls=self._questions.calls(task), evaluations=evaluations)

    def run(self, search: Search) -> list[PromptSet]:
        """Evolve templates, then class texts under the best; hand over its fittest and the winner of stage 1."""
        before = len(search.archive)
        libraries = self._questions.ask(search)
        known = template_library(search.task, templates_at_hand(search), libraries.domain)
        templates = self._evolve_templates(search, self._worth_keeping(search, known))
        texts = self._class_texts(search, libraries, known, templates)
        if texts.movable:
            self._evolve_class_texts(search, texts)
        else:
            search.log("warning: proapo: there is no text for any class, so only templates were searched")
        # The fittest differ by little; the winner of stage 1 lets the select split say no to all class texts.
        stage_one = PromptSet.of(search.task.classes, templates)
        best = [entry.candidate.compiled() for entry in search.archive.best(SHORTLIST, since=before)]
        known_best = {candidate.fingerprint for candidate in best}
        return best if stage_one.fingerprint in known_best else [*best[: SHORTLIST - 1], stage_one]

    @property
    def _questions(self) -> LibraryQuestions:
        return LibraryQuestions(self.domain_words, self.synonyms, self.descriptions, self.max_tokens)

    def _worth_keeping(self, search: Search, library: list[str]) -> list[str]:
        """Score every template alone; drop those that clearly lose against "a photo of a {}."."""
        alone = [PromptSet.of(search.task.classes, [template]) for template in library]
        scored = [
            entry
            for start in range(0, len(alone), self.children)
            for entry in search.score(alone[start : start + self.children])
        ]
        plain = scored[0].score.top1 if library[0] == PHOTO_TEMPLATE else 0.0
        limit = plain - _clear_loss(search.task)
        ranked = sorted(zip(scored, library, strict=True), key=lambda pair: pair[0].rank_key)
        kept = [template for entry, template in ranked if entry.score.top1 > limit]
        chosen = set(kept[: self.keep or len(kept)])
        search.log(f"proapo: {len(library)} templates, {len(kept)} not clearly worse than {PHOTO_TEMPLATE!r}")
        return [template for template in library if template in chosen]

    def _evolve_templates(self, search: Search, library: Sequence[str]) -> tuple[str, ...]:
        """Stage 1, on sets of template numbers: the fittest set."""
        alone = [(number,) for number in range(len(library))]
        population = Population[tuple[int, ...]](
            search, lambda genome: PromptSet.of(search.task.classes, [library[number] for number in genome])
        )
        breeding = Breeding(self.edits, self.mutations, self.crossovers, self.children, range(len(library)))
        population.add(search.rng.sample(alone, min(self.parents, len(alone))))
        for generation in range(self.generations):
            parents = population.fittest(self.parents)
            population.add(breeding.children(parents, 2 + generation, search.rng, population, lambda _, items: items))
        population.add(alone)  # known already, and free: the best single template may be the winner
        (best,) = population.fittest(1)
        search.log(f"proapo: stage 1 ends with {len(best)} templates, fitness {population[best].fitness:.4f}")
        return tuple(library[number] for number in best)

    def _class_texts(
        self, search: Search, libraries: Libraries, known: Sequence[str], templates: Sequence[str]
    ) -> ClassTexts:
        """The library of stage 2: what the language model gave, and what the user's and the best prompts hold."""
        task = search.task
        imported = [
            sorted({opened_by(text, known, label.name) for prompts in texts_at_hand(search) for text in prompts[c]})
            for c, label in enumerate(task.classes)
        ]
        said = [
            tuple(dict.fromkeys([*own, *filter(None, others)]))
            for own, others in zip(libraries.descriptions, imported, strict=True)
        ]
        texts = ClassTexts(task.classes, templates, libraries.synonyms, said, task.fits)
        if texts.dropped:
            search.log(f"proapo: {texts.dropped} texts were left out, being longer than the model's context")
        return texts

    def _evolve_class_texts(self, search: Search, texts: ClassTexts) -> None:
        """Stage 2."""
        population = Population[Genome](search, texts.prompt_set)
        population.add([texts.full, texts.plain, *self._starting_points(texts.full, search.rng)])
        for _ in range(self.rounds):
            for group in self._groups(search, population, texts):
                self._search_group(search, population, texts, sorted(group))
        (best,) = population.fittest(1)
        search.log(
            f"proapo: stage 2 ends with fitness {population[best].fitness:.4f} after {len(population)} candidates"
        )

    def _starting_points(self, full: Genome, rng: random.Random) -> list[Genome]:
        """Prompt sampling: a number of texts per class between a third and all, then one number for every class."""
        each = [tuple(_some(own, _number(len(own), rng), rng) for own in full) for _ in range(self.samples)]
        shared = [_number(max(map(len, full)), rng) for _ in range(self.samples)]
        return each + [tuple(_some(own, n, rng) for own in full) for n in shared]

    def _groups(self, search: Search, population: Population[Genome], texts: ClassTexts) -> list[tuple[int, ...]]:
        """Group sampling: up to half of the groups by importance, the others around the worst classes.

        The importance of a class is the fitness when it alone has all of its texts. Where that does most harm, the
        class is left as it is.
        """
        (current,) = population.fittest(1)
        here, task = population[current], search.task
        trials = [with_items(current, [c], ((c, i) for i in texts.full[c])) for c in texts.movable]
        scored = dict(zip(texts.movable, population.add(trials), strict=True))
        accuracies = {c: entry.score.top1 for c, entry in scored.items()}
        left_alone = spoiled(accuracies, here.score.top1 - _clear_loss(task))
        gains = {c: entry.fitness - here.fitness for c, entry in scored.items() if c not in left_alone}
        size = group_size(len(task.classes))
        important = important_groups(gains, size)[: (self.groups + 1) // 2]
        most = self.groups - len(important)
        if not most or not task.labels:
            return important
        top = search.top_classes(here.candidate, NEAREST)
        clusters = search.class_clusters(here.candidate.compiled(), -(-len(task.classes) // size))
        worst = here.score.class_cross_entropy
        return important + confusion_groups(worst, task.labels, top, clusters, gains, size, most)

    def _search_group(
        self, search: Search, population: Population[Genome], texts: ClassTexts, group: Sequence[int]
    ) -> None:
        """Evolve the texts of some classes; the others, and classes without an item, stay as they are."""
        (current,) = population.fittest(1)
        pool = texts.items(group)
        own = _items(current, group)
        absent = [item for item in pool if item not in own]
        more = search.rng.sample(absent, min(self.parents, len(absent)))
        population.add([current, *(with_items(current, group, [*own, item]) for item in more)])
        breeding = Breeding(self.edits, self.mutations // 2, self.crossovers, self.children, pool)
        for generation in range(self.group_generations):
            parents = population.fittest(self.parents)

            def genome(
                parent: int | None, items: tuple[tuple[int, int], ...], parents: list[Genome] = parents
            ) -> Genome:
                return with_items(current if parent is None else parents[parent], group, items)

            sets = [_items(parent, group) for parent in parents]
            population.add(breeding.children(sets, 2 + generation, search.rng, population, genome))


def _items(genome: Genome, group: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return tuple((c, i) for c in group for i in genome[c])


def _number(most: int, rng: random.Random) -> int:
    return rng.randint(-(-most // 3), most)


def _some(own: tuple[int, ...], n: int, rng: random.Random) -> tuple[int, ...]:
    return tuple(sorted(rng.sample(own, min(n, len(own)))))


def _clear_loss(task: Task) -> float:
    """Accuracy whose loss counts: more than two images (the reference writes 2/C, meant for one shot)."""
    return 2 / task.n_search + 0.001
