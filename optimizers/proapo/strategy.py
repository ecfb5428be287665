"""ProAPO: progressively automatic prompt optimisation (Qu et al. 2025, arXiv:2502.19844).

ask the language model once: domain words, and per class synonyms and descriptions
stage 1, templates:    for generation in 1..8: edit, mutate and cross the 4 fittest sets of templates
stage 2, class texts:  prompt sampling gives a starting point
                       for round in 1..rounds: group sampling; for each group of classes:
                           for generation in 1..4: edit, mutate and cross the texts of the group in the 4 fittest

All of the search is free of language model calls. Whatever was scored in a stage competes until its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evaluators import PromptSet, general_templates
from optimizers.imported_prompts import templates_at_hand, texts_at_hand
from optimizers.proapo.class_texts import ClassTexts
from optimizers.proapo.evolution import Evolution
from optimizers.proapo.libraries import Libraries, LibraryQuestions
from optimizers.proapo.stages import ClassTextStage, evolve_templates, worth_keeping
from optimizers.search import SHORTLIST, Search
from optimizers.settings import Count, CountOrZero, Settings
from optimizers.shortlist import different, texts_alike
from optimizers.task import Plan, Task
from optimizers.template_search import VARIANTS, opened_by, template_library

__all__ = ["ProApo"]

CONSIDERED = 200
"""Of how many of the fittest those that are handed over are chosen."""


@dataclass(frozen=True, slots=True)
class ProApo(Settings):
    """Settings: the constants of the reference implementation, but half its replacements and mutations and twice its
    crossovers, whose children are parents more often.

    Attributes:
        generations: of templates, in stage 1.
        parents: the fittest that have children.
        edits: additions and removals per parent, that many of each, and half as many replacements.
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

    called: ClassVar[str] = "proapo"
    asks_up_front: ClassVar[bool] = True

    generations: Count = 8
    parents: Count = 4
    edits: CountOrZero = 8
    mutations: CountOrZero = 4
    crossovers: CountOrZero = 32
    children: Count = 120
    keep: CountOrZero = 0
    samples: CountOrZero = 16
    groups: CountOrZero = 4
    group_generations: Count = 4
    rounds: Count = 1
    domain_words: CountOrZero = 2
    synonyms: CountOrZero = 3
    descriptions: CountOrZero = 5
    max_tokens: CountOrZero = 0

    def plan(self, task: Task) -> Plan:
        """One call for domain words and two per class; every template once, then generations of children."""
        own = sum(len(start.templates) for start in task.start) + SHORTLIST
        words = len(task.domain) or self.domain_words
        library = (len(general_templates()) + 1 + own) * (1 + VARIANTS * words)
        evaluations = library + self._stage_one.candidates + self._stage_two.candidates(len(task.classes))
        return Plan(llm_calls=self._questions.calls(task), evaluations=evaluations)

    def run(self, search: Search) -> list[PromptSet]:
        """Evolve templates, then class texts under the best; hand over its fittest and the winner of stage 1."""
        begun = len(search.archive)
        libraries = self._questions.ask(search)
        known = template_library(search.task, templates_at_hand(search), libraries.domain)
        templates = evolve_templates(search, worth_keeping(search, known, self.keep, self.children), self._stage_one)
        texts = _class_texts(search, libraries, known, templates)
        if texts.movable:
            self._stage_two.run(search, texts)
        else:
            search.log("warning: proapo: there is no text for any class, so only templates were searched")
        # The fittest differ by little; the winner of stage 1 lets the select split say no to all class texts.
        stage_one = PromptSet.of(search.task.classes, templates)
        fittest = [entry.candidate.compiled() for entry in search.archive.best(CONSIDERED, since=begun)]
        best = different(fittest, texts_alike, SHORTLIST)
        known_best = {candidate.fingerprint for candidate in best}
        return best if stage_one.fingerprint in known_best else [*best[: SHORTLIST - 1], stage_one]

    @property
    def _questions(self) -> LibraryQuestions:
        return LibraryQuestions(self.domain_words, self.synonyms, self.descriptions, self.max_tokens)

    @property
    def _stage_one(self) -> Evolution:
        return Evolution(
            self.generations, self.parents, self.edits, self.mutations, self.crossovers, most=self.children
        )

    @property
    def _stage_two(self) -> ClassTextStage:
        mutations = self.mutations // 2
        evolution = Evolution(
            self.group_generations, self.parents, self.edits, mutations, self.crossovers, most=self.children
        )
        return ClassTextStage(self.samples, self.rounds, self.groups, evolution)


def _class_texts(search: Search, libraries: Libraries, known: Sequence[str], templates: Sequence[str]) -> ClassTexts:
    """The library of stage 2: what the language model gave, and what the user's and the best prompts hold."""
    task = search.task
    imported = [
        sorted({opened_by(text, known, label.name) for prompts in texts_at_hand(search) for text in prompts[c]})
        for c, label in enumerate(task.classes)
    ]
    descriptions = [
        tuple(dict.fromkeys([*own, *filter(None, others)]))
        for own, others in zip(libraries.descriptions, imported, strict=True)
    ]
    texts = ClassTexts(task.classes, templates, libraries.synonyms, descriptions, task.fits)
    if texts.dropped:
        search.log(f"proapo: {texts.dropped} texts were left out, being longer than the model's context")
    return texts
