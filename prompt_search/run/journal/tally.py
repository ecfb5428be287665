"""Adds up what the language model was asked for, by phase, and what became of its replies."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from optimizers import Reply
from prompt_search.report.result import Cost, PhaseCost, ReplyCounts
from prompt_search.run.journal.usefulness import Outcome

__all__ = ["Tally"]


class Tally:
    """Running totals; replies that were never asked for do not count."""

    def __init__(self) -> None:
        self._phases: dict[str, PhaseCost] = {}
        self.replies = ReplyCounts()

    def count(self, phase: str, replies: Sequence[Reply], usd: float | None) -> None:
        """Add the replies to one question of a phase, and what they cost."""
        made = [reply for reply in replies if reply.finish != "budget"]
        before = self._phases.get(phase, PhaseCost(phase, usd=None if usd is None else 0.0))
        self._phases[phase] = PhaseCost(
            phase,
            before.llm_calls + len(made),
            before.prompt_tokens + sum(reply.prompt_tokens for reply in made),
            before.completion_tokens + sum(reply.completion_tokens for reply in made),
            None if usd is None or before.usd is None else round(before.usd + usd, 9),
        )
        counts = self.replies
        self.replies = replace(
            counts,
            by_schema=counts.by_schema + sum(reply.form == "schema" for reply in made),
            by_json_mode=counts.by_json_mode + sum(reply.form == "json" for reply in made),
            by_text=counts.by_text + sum(reply.form == "text" for reply in made),
            filtered=counts.filtered + sum(reply.finish == "filter" for reply in made),
            failed=counts.failed + sum(reply.finish == "error" for reply in made),
            shortened=counts.shortened + sum(reply.shortened for reply in made),
        )

    def judge(self, outcomes: Counter[Outcome]) -> None:
        """Set what the replies of strategies were good for so far."""
        self.replies = replace(
            self.replies,
            usable=outcomes["usable"],
            cut=outcomes["thought"] + outcomes["cut"],
            empty=outcomes["empty"],
            refused=outcomes["refused"],
            wrong_form=outcomes["wrong form"],
        )

    @property
    def cost(self) -> Cost:
        """The totals, phase by phase."""
        return Cost(tuple(self._phases.values()))
