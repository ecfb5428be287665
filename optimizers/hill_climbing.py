"""Hill climbing with a language model as the black-box optimiser (Liu et al. 2024, arXiv:2309.05950).

for restart in 1..n_restart:                      # fresh pool draw
    for reset in 1..n_reset:                      # same pool, fresh conversation
        for iteration in 1..n_iter:
            best k and worst k of the archive -> LLM -> new template(s) -> score -> archive
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evaluators import PromptSet, general_templates
from optimizers.archive import Scored
from optimizers.asking import account, most_calls
from optimizers.language_model import Message, Request
from optimizers.meta_prompts import TEMPLATE_SCHEMA, hill_climbing_turn, mistakes, outcome_turn
from optimizers.replies import answer_in
from optimizers.search import Search
from optimizers.settings import require
from optimizers.task import Plan, Task
from optimizers.template_library import expand_templates
from optimizers.template_search import (
    ask_templates,
    base_candidate,
    best_first,
    first_templates,
    own_templates,
    score_templates,
    single_templates,
    template_of,
)

__all__ = ["HillClimbing"]

FEEDBACK = ("positive-negative", "positive-only", "random")


@dataclass(frozen=True, slots=True)
class HillClimbing:
    """Settings, with the constants of the reference implementation where the number of templates allows.

    Attributes:
        iterations: language model calls per conversation.
        restarts: fresh draws of the pool.
        resets: fresh conversations per draw.
        pool: templates drawn at random to start from (the reference: 80 of a million captions; here 40 of the 80
            general templates and what the user's domain words make of them).
        k: templates in each of the two lists.
        feedback: which templates are shown: best and worst, best only, or random ones as both.
        conversation: keep the thread, and say after each proposal whether accuracy rose or fell.
        temperature: of sampling, in [0, 2].
        max_tokens: longest reply in tokens.
    """

    iterations: int = 10
    restarts: int = 1
    resets: int = 1
    pool: int = 40
    k: int = 3
    feedback: Literal["positive-negative", "positive-only", "random"] = "positive-negative"
    conversation: bool = False
    temperature: float = 1.0
    max_tokens: int = 60

    def __post_init__(self) -> None:
        for name in ("iterations", "restarts", "resets", "pool", "k", "max_tokens"):
            require(getattr(self, name) >= 1, f"hill-climb: {name} must be at least 1", getattr(self, name))
        require(0 <= self.temperature <= 2, "hill-climb: temperature must be in [0, 2]", self.temperature)
        require(self.feedback in FEEDBACK, f"hill-climb: feedback must be one of {', '.join(FEEDBACK)}", self.feedback)

    def plan(self, task: Task) -> Plan:
        """One question and one template per iteration, after the pool and the user's own templates."""
        questions = self.restarts * self.resets * self.iterations
        evaluations = self.restarts * self.pool + len(own_templates(task)) + questions
        return Plan(llm_calls=most_calls(questions), evaluations=evaluations)

    def run(self, search: Search) -> list[PromptSet]:
        """Climb, and hand over the best templates, pool templates among them."""
        base = base_candidate(search)
        found: list[Scored] = []
        counts: Counter[str] = Counter()
        for _ in range(self.restarts):
            pool = score_templates(search, base, self._draw_pool(search, base))
            for _ in range(self.resets):
                archive = list(pool)
                counts += self._climb(search, base, archive)
                found += archive
        search.log(account("hill-climb", "template", counts))
        if not counts["usable"]:
            search.log("warning: hill-climb: no reply held a usable template, so all are from the pool")
        return single_templates(base, found)

    def _climb(self, search: Search, base: PromptSet, archive: list[Scored]) -> Counter[str]:
        """One conversation, whose templates join the archive; returns the counts of its replies."""
        thread: tuple[Message, ...] = ()
        verdict = ""
        counts: Counter[str] = Counter()
        for _ in range(self.iterations):
            turn = self._turn(search, archive)
            thread = (*thread, Message("user", f"{verdict}\n\n{turn.content}".strip())) if verdict else (turn,)
            request = Request(
                thread, temperature=self.temperature, max_tokens=self.max_tokens, json_schema=TEMPLATE_SCHEMA
            )
            answers = ask_templates(search, request, samples=1)
            counts += answers.counts
            best_before = max((entry.score.top1 for entry in archive), default=0.0)
            new = score_templates(search, base, answers.readings[0])
            known = {entry.order for entry in archive}
            archive += [entry for entry in new if entry.order not in known]
            if self.conversation:
                said = answer_in(answers.replies[0].text).strip() or "(no answer)"  # providers refuse empty turns
                thread = (*thread, Message("assistant", said))
                verdict = outcome_turn(best_before, new[0].score.top1) if new else "That was not a usable template."
        return counts

    def _turn(self, search: Search, archive: Sequence[Scored]) -> Message:
        good, bad = self._examples(search, archive)
        wrong = mistakes(best_first(archive)[0].score, search.task) if archive else ""
        return hill_climbing_turn(good, bad, search.task.description, wrong)

    def _draw_pool(self, search: Search, base: PromptSet) -> list[str]:
        """The user's own and the best so far, then a draw from the general ones and what domain words make of them."""
        library = expand_templates(general_templates(), search.task.domain)
        fitting = [template for template in library if search.task.template_fits(template)]
        drawn = search.rng.sample(fitting, min(self.pool, len(fitting)))
        return list(dict.fromkeys(first_templates(search, base, own_templates(search.task)) + drawn))

    def _examples(self, search: Search, archive: Sequence[Scored]) -> tuple[list[str], list[str]]:
        ranked = best_first(archive)
        if self.feedback == "random":
            search.rng.shuffle(ranked)
        good = ranked[: self.k]
        bad = [] if self.feedback == "positive-only" else ranked[max(len(good), len(ranked) - self.k) :]
        return [template_of(entry) for entry in good], [template_of(entry) for entry in bad]
