"""IPO: an interpretable prompt optimiser (Du et al. 2024, arXiv:2410.15397).

for step in 1..n_step:
    what sample images show + the 30 best templates with accuracy and loss -> LLM -> 8 samples -> new templates, scored
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evaluators import PromptSet
from optimizers.archive import Scored
from optimizers.asking import account, ask_usable, most_calls
from optimizers.language_model import Request
from optimizers.meta_prompts import TEMPLATE_SCHEMA, ipo_turn, mistakes
from optimizers.replies import tagged_templates, template_fault
from optimizers.search import SHORTLIST, Search
from optimizers.settings import require
from optimizers.task import Plan, Task
from optimizers.template_search import base_candidate, initial_templates, score_templates, template_of

__all__ = ["Ipo"]


@dataclass(frozen=True, slots=True)
class Ipo:
    """Settings, with the constants of the reference implementation, but for fewer steps.

    Attributes:
        steps: rounds of asking and scoring (the reference: 100).
        samples: replies per step.
        memory: how many of the best templates are shown. Those worse than the first template are in it only until
            better ones fill it.
        captions: how many descriptions of images are shown at most; drawn by seed if there are more.
        temperature: of sampling, in [0, 2].
        max_tokens: longest reply in tokens.
    """

    steps: int = 20
    samples: int = 8
    memory: int = 30
    captions: int = 10
    temperature: float = 1.0
    max_tokens: int = 80

    def __post_init__(self) -> None:
        for name in ("steps", "samples", "memory", "max_tokens"):
            require(getattr(self, name) >= 1, f"ipo: {name} must be at least 1", getattr(self, name))
        require(self.captions >= 0, "ipo: captions must be at least 0", self.captions)
        require(0 <= self.temperature <= 2, "ipo: temperature must be in [0, 2]", self.temperature)

    def plan(self, task: Task) -> Plan:
        """Steps x samples questions, a template each. Captions have a budget of their own."""
        questions = self.steps * self.samples
        return Plan(llm_calls=most_calls(questions), evaluations=len(initial_templates(task)) + questions)

    def run(self, search: Search) -> list[PromptSet]:
        """Search, and hand over the best templates."""
        base = base_candidate(search)
        captions = self._captions(search)
        found = score_templates(search, base, initial_templates(search.task))
        counts: Counter[str] = Counter()
        for _ in range(self.steps):
            proposals, asked = self._ask(search, found, captions)
            counts += asked
            known = {template_of(entry) for entry in found}
            found += score_templates(search, base, [t for t in dict.fromkeys(proposals) if t not in known])
        search.log(account("ipo", "template", counts))
        best = sorted(found, key=lambda entry: entry.rank_key)[:SHORTLIST]
        return [base.with_templates([template_of(entry)]) for entry in best]

    def _captions(self, search: Search) -> list[str]:
        captions = search.captions() if self.captions else ()
        if not captions:
            search.log("ipo: no descriptions of images, so it ran on text alone")
        if len(captions) <= self.captions:
            return list(captions)
        return [captions[i] for i in sorted(search.rng.sample(range(len(captions)), self.captions))]

    def _ask(self, search: Search, found: Sequence[Scored], captions: Sequence[str]) -> tuple[list[str], Counter[str]]:
        """One step's templates, at most one per sample."""
        fits = search.task.template_fits
        best_first = sorted(found, key=_accuracy_then_loss)
        memory = [(template_of(e), e.score.top1, e.score.cross_entropy) for e in best_first[: self.memory]]
        turn = ipo_turn(memory[::-1], captions, search.task, mistakes(best_first[0].score, search.task))
        request = Request((turn,), self.temperature, max_tokens=self.max_tokens, json_schema=TEMPLATE_SCHEMA)
        answers = ask_usable(
            search,
            [request] * self.samples,
            lambda text: tagged_templates(text, fits)[:1],
            lambda text: template_fault(text, fits),
        )
        return [template for reading in answers.readings for template in reading], answers.counts


def _accuracy_then_loss(entry: Scored) -> tuple[float, float, int]:
    """Sorts the best first: accuracy, lower cross-entropy, earlier discovery."""
    return (-entry.score.top1, entry.score.cross_entropy, entry.order)
