"""Hill climbing with a language model as the black-box optimiser (Liu et al. 2024, arXiv:2309.05950).

for restart in 1..n_restart:                      # fresh pool draw
    for reset in 1..n_reset:                      # same pool, fresh conversation
        for iteration in 1..n_iter:
            best k and worst k of the archive -> LLM -> new template(s) -> score -> archive
"""

from dataclasses import dataclass, replace
from typing import Literal

from evaluators import PromptSet, general_templates
from optimizers.archive import Scored
from optimizers.language_model import Message, Request
from optimizers.meta_prompts import TEMPLATE_SCHEMA, hill_climbing_turn, outcome_turn
from optimizers.replies import templates
from optimizers.search import SHORTLIST, Search
from optimizers.settings import require
from optimizers.task import Plan, Task

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
            general templates).
        k: templates in each of the two lists.
        feedback: which templates are shown: best and worst, best only, or random ones as both.
        conversation: keep the thread, and say after each proposal whether accuracy rose or fell.
        temperature: of sampling, in [0, 2].
    """

    iterations: int = 10
    restarts: int = 1
    resets: int = 1
    pool: int = 40
    k: int = 3
    feedback: Literal["positive-negative", "positive-only", "random"] = "positive-negative"
    conversation: bool = False
    temperature: float = 1.0

    def __post_init__(self) -> None:
        for name in ("iterations", "restarts", "resets", "pool", "k"):
            require(getattr(self, name) >= 1, f"hill-climb: {name} must be at least 1", getattr(self, name))
        require(0 <= self.temperature <= 2, "hill-climb: temperature must be in [0, 2]", self.temperature)
        require(self.feedback in FEEDBACK, f"hill-climb: feedback must be one of {', '.join(FEEDBACK)}", self.feedback)

    def plan(self, task: Task) -> Plan:
        """One call and one template per iteration, after the pool and the user's own templates."""
        calls = self.restarts * self.resets * self.iterations
        own = sum(len(start.templates) for start in task.start)
        return Plan(llm_calls=calls, evaluations=self.restarts * self.pool + own + calls)

    def run(self, search: Search) -> list[PromptSet]:
        """Climb, and hand over the best templates, pool templates among them."""
        base = self._base(search)
        usable = 0
        for _ in range(self.restarts):
            pool = self._score(search, base, self._draw_pool(search))
            for _ in range(self.resets):
                usable += self._climb(search, base, list(pool))
        search.log(self._account(usable, search.task))
        return [entry.candidate for entry in search.archive.best(SHORTLIST)]

    def _account(self, usable: int, task: Task) -> str:
        asked = self.plan(task).llm_calls
        if usable == 0:
            return f"warning: hill-climb: none of {asked} replies held a usable template, so all are from the pool"
        return f"hill-climb: {usable} usable templates from {asked} replies"

    def _climb(self, search: Search, base: PromptSet, archive: list[Scored]) -> int:
        """One conversation; returns how many replies held a usable template."""
        thread: tuple[Message, ...] = ()
        verdict, usable = "", 0
        for _ in range(self.iterations):
            good, bad = self._examples(search, archive)
            turn = hill_climbing_turn(good, bad, search.task.description)
            thread = (
                (*thread, Message("user", f"{verdict}\n\n{turn.content}".strip())) if self.conversation else (turn,)
            )
            request = Request(thread, temperature=self.temperature, max_tokens=60, json_schema=TEMPLATE_SCHEMA)
            (reply,) = search.ask([request])
            before = max((entry.score.top1 for entry in archive), default=0.0)
            new = self._score(search, base, templates(reply.text, search.task.template_fits)[:1])
            usable += len(new)
            known = {entry.order for entry in archive}
            archive += [entry for entry in new if entry.order not in known]
            if self.conversation:
                thread = (*thread, Message("assistant", reply.text or "(no answer)"))  # providers refuse empty turns
                verdict = outcome_turn(before, new[0].score.top1) if new else "That was not a usable template."
        return usable

    def _base(self, search: Search) -> PromptSet:
        """What the templates are joined to: the class texts of the best so far, if it has any."""
        best = search.archive.best(1)
        return best[0].candidate if best else PromptSet.of(search.task.classes, ["{}"])

    def _draw_pool(self, search: Search) -> list[str]:
        """The user's own templates first, then a draw from the general ones."""
        fits = search.task.template_fits
        own = [template for start in search.task.start for template in start.templates if fits(template)]
        library = [template for template in general_templates() if fits(template)]
        drawn = search.rng.sample(library, min(self.pool, len(library)))
        return list(dict.fromkeys(own + drawn))

    def _score(self, search: Search, base: PromptSet, proposals: list[str]) -> list[Scored]:
        candidates = [base.with_templates([template]) for template in proposals]
        # The archive may know the same texts made of other parts; here each is what its one template makes it.
        return [replace(entry, candidate=c) for c, entry in zip(candidates, search.score(candidates), strict=True)]

    def _examples(self, search: Search, archive: list[Scored]) -> tuple[list[str], list[str]]:
        ranked = sorted(archive, key=lambda entry: entry.rank_key)
        if self.feedback == "random":
            search.rng.shuffle(ranked)
        good = ranked[: self.k]
        bad = [] if self.feedback == "positive-only" else ranked[max(len(good), len(ranked) - self.k) :]
        return [_template(entry) for entry in good], [_template(entry) for entry in bad]


def _template(entry: Scored) -> str:
    return entry.candidate.templates[0]
