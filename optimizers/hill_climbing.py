"""Hill climbing with a language model as the black-box optimiser (Liu et al. 2024, arXiv:2309.05950).

for restart in 1..n_restart:                      # fresh pool draw
    for reset in 1..n_reset:                      # same pool, fresh conversation
        for iteration in 1..n_iter:
            best k and worst k of the templates -> LLM -> new template(s) -> score -> they join the templates
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from evaluators import PromptSet, general_templates
from optimizers.asking import account, most_calls
from optimizers.language_model import Message, Request
from optimizers.meta_prompts import (
    SMALL_TEMPLATE_SCHEMA,
    TEMPLATE_SCHEMA,
    after_examples,
    hill_climbing_turn,
    mistakes,
    outcome_turn,
)
from optimizers.replies import answer_in
from optimizers.search import Search
from optimizers.settings import Count, Settings, Temperature
from optimizers.task import Plan, Task
from optimizers.template_search import (
    ENDING,
    TEMPLATES_PER_REPLY,
    ScoredTemplate,
    ask_templates,
    best_first,
    described_candidate,
    expand_templates,
    first_templates,
    hand_over,
    own_templates,
    score_templates,
)

__all__ = ["HillClimbing"]

NO_ANSWER = "(no answer)"
"""In the place of an empty reply: providers refuse empty turns."""


@dataclass(frozen=True, slots=True)
class HillClimbing(Settings):
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
        temperature: of sampling.
        max_tokens: longest reply in tokens.
    """

    called: ClassVar[str] = "hill-climb"

    iterations: Count = 10
    restarts: Count = 1
    resets: Count = 1
    pool: Count = 40
    k: Count = 3
    feedback: Literal["positive-negative", "positive-only", "random"] = "positive-negative"
    conversation: bool = False
    temperature: Temperature = 1.0
    max_tokens: Count = 60

    def plan(self, task: Task) -> Plan:
        """One question per iteration, after the pool and the user's own templates."""
        questions = self.restarts * self.resets * self.iterations
        evaluations = self.restarts * self.pool + len(own_templates(task)) + questions * TEMPLATES_PER_REPLY + ENDING
        return Plan(llm_calls=most_calls(questions), evaluations=evaluations)

    def run(self, search: Search) -> list[PromptSet]:
        """Climb, and hand over ensembles and single templates, those of the pool among them."""
        described = described_candidate(search)
        found: list[ScoredTemplate] = []
        counts: Counter[str] = Counter()
        for _ in range(self.restarts):
            pool = score_templates(search, self._draw_pool(search))
            for _ in range(self.resets):
                climbed, replies = self._climb(search, pool)
                found += climbed
                counts += replies
        search.log(account("hill-climb", "template", counts))
        if not counts["usable"]:
            search.log("warning: hill-climb: no reply held a usable template, so all are from the pool")
        return hand_over(search, found, described)

    def _climb(self, search: Search, pool: Sequence[ScoredTemplate]) -> tuple[list[ScoredTemplate], Counter[str]]:
        """From a pool on, in one conversation: the pool and what joined it, and the counts of the replies."""
        templates = list(pool)
        conversation = Conversation(self.conversation)
        counts: Counter[str] = Counter()
        for _ in range(self.iterations):
            turns = conversation.ask(*self._question(search, templates))
            answers = ask_templates(search, self._request(turns), samples=1)
            new = score_templates(search, answers.readings[0])
            conversation.answered(answers.replies[0].text, _outcome(templates, new))
            known = {each.order for each in templates}
            templates += [each for each in new if each.order not in known]
            counts += answers.counts
        return templates, counts

    def _question(self, search: Search, templates: Sequence[ScoredTemplate]) -> tuple[Message, list[str]]:
        """Asks for a template, given the best and the worst so far; and the former, best first."""
        good, bad = self._examples(search, templates)
        wrong = mistakes(best_first(templates)[0].score, search.task) if templates else ""
        return hill_climbing_turn(good, bad, search.task.description, wrong), good

    def _request(self, turns: tuple[Message, ...]) -> Request:
        return Request(
            turns,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            json_schema=TEMPLATE_SCHEMA,
            small_schema=SMALL_TEMPLATE_SCHEMA,
        )

    def _draw_pool(self, search: Search) -> list[str]:
        """The user's own and the best so far, then a draw from the general ones and what domain words make of them."""
        library = expand_templates(general_templates(), search.task.domain)
        fitting = [template for template in library if search.task.template_fits(template)]
        drawn = search.rng.sample(fitting, min(self.pool, len(fitting)))
        return list(dict.fromkeys(first_templates(search, own_templates(search.task)) + drawn))

    def _examples(self, search: Search, templates: Sequence[ScoredTemplate]) -> tuple[list[str], list[str]]:
        """The lists that are shown: good ones and bad ones."""
        ranked = best_first(templates)
        if self.feedback == "random":
            search.rng.shuffle(ranked)
        good = ranked[: self.k]
        bad = [] if self.feedback == "positive-only" else ranked[max(len(good), len(ranked) - self.k) :]
        return [each.template for each in good], [each.template for each in bad]


@dataclass(slots=True)
class Conversation:
    """The turns so far.

    Attributes:
        kept: whether there are any: where not, every question stands alone.
    """

    kept: bool = True
    _turns: tuple[Message, ...] = ()
    _outcome: str = ""

    def ask(self, question: Message, good: Sequence[str]) -> tuple[Message, ...]:
        """The turns to send: those so far, how the last proposal did, and a question.

        A question that stands alone has good templates for answers before it; a conversation has the model's own.
        """
        if not self.kept:
            return after_examples([question], good)
        content = f"{self._outcome}\n\n{question.content}".strip()
        self._turns = (*self._turns, Message("user", content))
        return self._turns

    def answered(self, reply: str, outcome: str) -> None:
        """What came back, and how the proposal in it did, which is said before the next question."""
        answer = answer_in(reply).strip() or NO_ANSWER
        self._turns = (*self._turns, Message("assistant", answer))
        self._outcome = outcome


def _outcome(before: Sequence[ScoredTemplate], new: Sequence[ScoredTemplate]) -> str:
    """How the best of some proposals did against the best before them, for a conversation."""
    if not new:
        return "That was not a usable template."
    return outcome_turn(max((each.score.top1 for each in before), default=0.0), max(each.score.top1 for each in new))
