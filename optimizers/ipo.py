"""IPO: an interpretable prompt optimiser (Du et al. 2024, arXiv:2410.15397).

for step in 1..n_step:
    what sample images show + the 30 best templates with accuracy and loss -> LLM -> 8 samples -> new templates, scored
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evaluators import PromptSet
from optimizers.asking import Answers, account, most_calls
from optimizers.language_model import Request
from optimizers.meta_prompts import SMALL_TEMPLATE_SCHEMA, TEMPLATE_SCHEMA, after_examples, ipo_turn, mistakes
from optimizers.replies import tagged_templates
from optimizers.search import Search
from optimizers.settings import Count, CountOrZero, Settings, Temperature
from optimizers.task import Plan, Task
from optimizers.template_search import (
    ENDING,
    TEMPLATES_PER_REPLY,
    ScoredTemplate,
    ask_templates,
    described_candidate,
    first_templates,
    hand_over,
    initial_templates,
    most_accurate_first,
    new_templates,
    score_templates,
)

__all__ = ["Ipo"]


@dataclass(frozen=True, slots=True)
class Ipo(Settings):
    """Settings, with the constants of the reference implementation, but for fewer steps.

    Attributes:
        steps: rounds of asking and scoring (the reference: 100).
        samples: replies per step.
        memory: how many of the best templates are shown. Those worse than the first template are in it only until
            better ones fill it.
        captions: how many descriptions of images are shown at most; drawn by seed if there are more.
        temperature: of sampling.
        max_tokens: longest reply in tokens.
    """

    called: ClassVar[str] = "ipo"

    steps: Count = 20
    samples: Count = 8
    memory: Count = 30
    captions: CountOrZero = 10
    temperature: Temperature = 1.0
    max_tokens: Count = 80

    def plan(self, task: Task) -> Plan:
        """Steps x samples questions. Captions have a budget of their own."""
        questions = self.steps * self.samples
        evaluations = len(initial_templates(task)) + questions * TEMPLATES_PER_REPLY + ENDING
        return Plan(llm_calls=most_calls(questions), evaluations=evaluations)

    def run(self, search: Search) -> list[PromptSet]:
        """Search, and hand over ensembles and single templates."""
        described = described_candidate(search)
        captions = self._captions(search)
        found = score_templates(search, first_templates(search, initial_templates(search.task)))
        counts: Counter[str] = Counter()
        for _ in range(self.steps):
            answers = self._ask(search, found, captions)
            counts += answers.counts
            found += score_templates(search, new_templates(answers, found))
        search.log(account("ipo", "template", counts))
        return hand_over(search, found, described)

    def _captions(self, search: Search) -> list[str]:
        captions = search.captions() if self.captions else ()
        if not captions:
            search.log("ipo: no descriptions of images, so it ran on text alone")
        if len(captions) <= self.captions:
            return list(captions)
        return [captions[i] for i in sorted(search.rng.sample(range(len(captions)), self.captions))]

    def _ask(self, search: Search, found: Sequence[ScoredTemplate], captions: Sequence[str]) -> Answers[str]:
        """One step's samples."""
        ranked = most_accurate_first(found)
        memory = [(e.template, e.score.top1, e.score.cross_entropy) for e in ranked[: self.memory]]
        turn = ipo_turn(memory[::-1], captions, search.task, mistakes(ranked[0].score, search.task))
        request = Request(
            after_examples([turn], [entry.template for entry in ranked]),
            self.temperature,
            max_tokens=self.max_tokens,
            json_schema=TEMPLATE_SCHEMA,
            small_schema=SMALL_TEMPLATE_SCHEMA,
        )
        return ask_templates(search, request, self.samples, read=tagged_templates)
