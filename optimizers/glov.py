"""GLOV: a language model guided by ranked in-context examples (Mirza et al. 2024, arXiv:2410.06154).

for step in 1..n_step:
    the best 5 and the worst 5 templates with accuracies -> LLM -> 10 samples -> the new templates, scored
shortlist: the ensembles of the 3 best templates of the best steps, and the best single templates

With steering the language model's hidden states are shifted too, from what it makes of the runner-up towards what it
makes of the best template: from the first strict improvement on, and anew at each further one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from evaluators import PromptSet
from optimizers.asking import Answers, account, most_calls
from optimizers.language_model import Ability, Request, Steering
from optimizers.meta_prompts import SMALL_TEMPLATE_SCHEMA, TEMPLATE_SCHEMA, after_examples, glov_turns, mistakes
from optimizers.search import SHORTLIST, Search
from optimizers.settings import Count, Range, Settings, Temperature
from optimizers.task import Plan, Task
from optimizers.template_search import (
    ENDING,
    TEMPLATES_PER_REPLY,
    ScoredTemplate,
    ask_templates,
    best_first,
    described_candidate,
    first_templates,
    hand_over,
    initial_templates,
    most_accurate_first,
    new_templates,
    score_templates,
)

__all__ = ["Glov"]

ENSEMBLES = SHORTLIST // 2
"""From how many steps an ensemble is handed over."""

ENSEMBLE_SIZE = 3


@dataclass(frozen=True, slots=True)
class Glov(Settings):
    """Settings, with the constants of the reference implementation, but for fewer steps.

    Attributes:
        steps: rounds of asking and scoring (the reference: 100).
        samples: replies per step.
        k: templates in each of the two lists.
        temperature: of sampling.
        top_p: of sampling.
        max_tokens: longest reply in tokens.
        steering: shift the language model's hidden states; only for local models of Hugging Face (`hf:PATH`).
        alpha: the factor of the shift, constant over the tokens; 0 changes nothing.
        layer: after which decoder layer to shift, from 0; -1 for the one at 17/32 of the depth, as in the paper.
    """

    called: ClassVar[str] = "glov"

    steps: Count = 20
    samples: Count = 10
    k: Count = 5
    temperature: Temperature = 1.0
    top_p: Annotated[float, Range(above=0, most=1)] = 0.9
    max_tokens: Count = 50
    steering: bool = False
    alpha: float = 1.0
    layer: Annotated[int, Range(-1)] = -1

    @property
    def needs(self) -> frozenset[Ability]:
        """Steering, if it is switched on."""
        return frozenset({"steering"}) if self.steering else frozenset()

    def plan(self, task: Task) -> Plan:
        """Steps x samples questions, then the ensembles."""
        questions = self.steps * self.samples
        evaluations = (
            len(initial_templates(task)) + questions * TEMPLATES_PER_REPLY + min(ENSEMBLES, self.steps) + ENDING
        )
        return Plan(llm_calls=most_calls(questions), evaluations=evaluations)

    def run(self, search: Search) -> list[PromptSet]:
        """Search, and hand over ensembles and single templates, best first."""
        described = described_candidate(search)
        found = score_templates(search, first_templates(search, initial_templates(search.task)))
        initial_fitness = best_first(found)[0].fitness
        steering: Steering | None = None
        steps: list[list[ScoredTemplate]] = []
        counts: Counter[str] = Counter()
        for _ in range(self.steps):
            answers = self._ask(search, found, steering)
            counts += answers.counts
            best_before = best_first(found)[0].fitness
            new = score_templates(search, new_templates(answers, found))
            steps.append(new)
            found += new
            if best_first(found)[0].fitness > best_before:
                steering = self._steering(found)
        search.log(account("glov", "template", counts))
        if best_first(found)[0].fitness == initial_fitness:
            search.log("glov: no proposal was better than the first templates")
        return hand_over(search, found, described, self._ensembles(search, steps))

    def _ask(self, search: Search, found: Sequence[ScoredTemplate], steering: Steering | None) -> Answers[str]:
        """One step's samples."""
        entries = most_accurate_first(found)
        ranked = [(rank, entry.template, entry.score.top1) for rank, entry in enumerate(entries, start=1)]
        best, worst = ranked[: self.k], ranked[max(self.k, len(ranked) - self.k) :]
        turns = glov_turns(best[::-1], worst[::-1], search.task, mistakes(entries[0].score, search.task))
        shown = [entry.template for entry in entries]
        request = Request(
            after_examples(turns, shown),
            self.temperature,
            self.top_p,
            self.max_tokens,
            TEMPLATE_SCHEMA,
            steering,
            SMALL_TEMPLATE_SCHEMA,
        )
        return ask_templates(search, request, self.samples)

    def _steering(self, found: Sequence[ScoredTemplate]) -> Steering | None:
        """From the runner-up, the best strictly worse template, to the best."""
        best, *others = best_first(found)
        runner_up = next((entry for entry in others if entry.fitness < best.fitness), None)
        if not self.steering or runner_up is None:
            return None
        layer = None if self.layer < 0 else self.layer
        return Steering(best.template, runner_up.template, self.alpha, layer)

    def _ensembles(self, search: Search, steps: Sequence[Sequence[ScoredTemplate]]) -> list[PromptSet]:
        """The best new templates of the best steps, together."""
        several = [best_first(step)[:ENSEMBLE_SIZE] for step in steps if len(step) > 1]
        best_steps = sorted(several, key=lambda step: step[0].rank_key)[:ENSEMBLES]
        return [PromptSet.of(search.task.classes, [each.template for each in step]) for step in best_steps]
