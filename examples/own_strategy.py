"""A strategy of your own is a frozen dataclass with `plan` and `run`; its instance goes to `optimize`.

    python examples/own_strategy.py

This one asks for all its templates at once, then builds an ensemble greedily: always the template that helps most
(Caruana et al. 2004, Ensemble selection from libraries of models).
"""

from dataclasses import dataclass

import prompt_search
from evaluators import Candidate, PromptSet, general_templates
from optimizers import SHORTLIST, Message, Plan, Request, Search, Task
from optimizers.meta_prompts import SMALL_TEMPLATE_SCHEMA, TEMPLATE_SCHEMA
from optimizers.replies import templates

QUESTION = Message("user", "Write a short caption for a photo. Write {} in the place of the thing that it shows.")


@dataclass(frozen=True, slots=True)
class GreedyEnsemble:
    """Settings: templates to ask for, general templates beside them, templates in the ensemble."""

    asked: int = 4
    general: int = 20
    size: int = 3

    def plan(self, task: Task) -> Plan:
        """What `run` will do at most."""
        return Plan(llm_calls=self.asked, evaluations=self.size * (self.asked + self.general))

    def run(self, search: Search) -> list[Candidate]:
        """Add one template at a time; whatever is random comes from `search.rng`, so that the run can be repeated."""
        request = Request((QUESTION,), max_tokens=60, json_schema=TEMPLATE_SCHEMA, small_schema=SMALL_TEMPLATE_SCHEMA)
        replies = search.ask([request] * self.asked)
        proposed = [template for reply in replies for template in templates(reply.text, search.task.template_fits)]
        fitting = [template for template in general_templates() if search.task.template_fits(template)]
        library = dict.fromkeys(proposed + search.rng.sample(fitting, min(self.general, len(fitting))))
        search.log(f"{len(proposed)} of {self.asked} replies hold a template")
        chosen: tuple[str, ...] = ()
        for _ in range(self.size):
            candidates = [PromptSet.of(search.task.classes, [*chosen, new]) for new in library if new not in chosen]
            best = min(search.score(candidates), key=lambda entry: entry.rank_key)
            chosen = best.candidate.compiled().templates
        return [entry.candidate for entry in search.archive.best(SHORTLIST)]


def main() -> None:
    """Search with the strategy, and print what it found."""
    result = prompt_search.optimize("photos", llm="local", strategy=GreedyEnsemble(), out="runs/own-strategy")
    for note in result.notes:
        print(note)
    print(f"winner: {result.winner.name}, {100 * result.winner.test.top1:.1f} % top-1 on test")
    for template in result.prompts.templates:
        print(f"  {template}")
    print(result.verdict())


if __name__ == "__main__":
    main()
