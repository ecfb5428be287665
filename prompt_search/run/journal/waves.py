"""Puts questions in waves: one alone while nothing is known of the model, a few while nothing usable came, the rest."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from optimizers import Reply, Request
from optimizers.replies import answer_in
from optimizers.search import Usable
from prompt_search.errors import BudgetReached, LanguageModelUseless
from prompt_search.run.journal.thinking_room import ThinkingRoom
from prompt_search.run.journal.usefulness import Outcome, Usefulness, causes, outcome
from prompt_search.run.money.metered import UNASKED

__all__ = ["Judge", "Put", "Waves", "fruitless"]

FEW = 12
"""Replies after which it is known whether anything comes through."""

CUT: tuple[Outcome, ...] = ("thought", "cut")

Judge = Callable[[Sequence[Reply]], None]
Put = Callable[[list[Request], Judge], list[Reply]]
"""Puts requests together and returns the replies, `finish="budget"` where a limit was reached. New replies are shown to
the judge before they are recorded: what it raises leaves no record, and a later start asks for them again."""


class Waves:
    """The way of questions to a language model and back, told from the replies alone: a replay goes the same way.

    A reply that was cut while the model thought is asked for again with more room; the room stays.

    Args:
        room: for thinking.
        usefulness: counts what the replies are good for.
        tell: told what a person should know.
    """

    def __init__(self, room: ThinkingRoom, usefulness: Usefulness, tell: Callable[[str], None]) -> None:
        self.room, self.usefulness, self._tell = room, usefulness, tell

    def ask(self, requests: Sequence[Request], usable: Usable | None, put: Put) -> list[Reply]:
        """Replies in the order of the requests, without thinking; where a limit was reached with finish `budget`.

        Raises:
            BudgetReached: if a limit covers none of them.
            LanguageModelUseless: if nothing usable comes through.
        """
        replies: dict[int, Reply] = {}
        open_ = list(range(len(requests)))
        while open_:
            now = open_[: self._size(len(open_))]
            sent = [self.room.given(requests[i]) for i in now]
            judged = partial(_outcomes, now, usable)
            try:
                got = put(sent, lambda new, judged=judged: self._judge(judged(new)))  # type: ignore[misc]
            except BudgetReached:
                if not replies:
                    raise
                break
            answered = {i: reply for i, reply in zip(now, got, strict=True) if reply.finish != "budget"}
            replies |= answered
            again = self._to_ask_again(judged(got), [i for i in now if i in answered], max(r.max_tokens for r in sent))
            if len(answered) < len(now):
                break
            open_ = again + open_[len(now) :]
        return [_without_thinking(replies.get(i, UNASKED)) for i in range(len(requests))]

    def _size(self, open_: int) -> int:
        """How many go out together: one where nothing is known, a few where nothing usable came, else all."""
        if self.usefulness.counts["usable"]:
            return open_
        useless = self.usefulness.in_a_row.total()
        return FEW - useless % FEW if useless else 1

    def _judge(self, outcomes: Sequence[Outcome]) -> None:
        """Give up if these replies are too many useless ones, and more room would not help."""
        after = self.usefulness.with_more(outcomes)
        if after.hopeless and not self._widens(after, outcomes):
            raise LanguageModelUseless(_failure(after))

    def _to_ask_again(self, outcomes: Sequence[Outcome], answered: Sequence[int], cap: int) -> list[int]:
        """Count the outcomes of a wave; which of its requests to put again, with more room."""
        useless = self.usefulness.in_a_row.total()
        self.usefulness.add(outcomes)
        if not self._widens(self.usefulness, outcomes):
            now = self.usefulness.in_a_row
            if useless < FEW <= now.total():
                self._tell(f"warning: the last {now.total()} replies are of no use: {causes(now)}")
            return []
        cut = [i for i, each in zip(answered, outcomes, strict=True) if each in CUT]
        self.widen(len(cut), len(outcomes), cap - self.room.tokens)
        return cut

    def widen(self, cut: int, asked: int, cap: int) -> bool:
        """Give more room after so many replies were cut, if there is more to give; `cap` is that of the answer."""
        before = self.room.tokens
        if not self.room.widen():
            return False
        self._tell(
            f"warning: {cut} of {asked} replies {'was' if cut == 1 else 'were'} cut at {cap + before:,} tokens: "
            f"the model thinks first; asking with {cap + self.room.tokens:,}"
        )
        self.usefulness.forget_row()
        return True

    def _widens(self, after: Usefulness, outcomes: Sequence[Outcome]) -> bool:
        """Whether it takes more room: a model was cut while it thought, or one after the other was cut."""
        row = after.in_a_row
        all_cut = row.total() >= FEW and row.total() == sum(row[each] for each in CUT)
        return self.room.can_widen and ("thought" in outcomes or (all_cut and "cut" in outcomes))


def _outcomes(indices: Sequence[int], usable: Usable | None, replies: Sequence[Reply]) -> list[Outcome]:
    """What became of those replies that were asked for; without `usable` any answer is."""
    return [
        outcome(reply, usable is None or usable(index, answer_in(reply.text)))
        for index, reply in zip(indices, replies, strict=True)
        if reply.finish != "budget"
    ]


def _without_thinking(reply: Reply) -> Reply:
    return replace(reply, text=answer_in(reply.text))


def _failure(usefulness: Usefulness) -> str:
    row = usefulness.in_a_row or usefulness.counts
    (cause, _), *_ = row.most_common()
    return (
        f"nothing usable comes from the language model: of its last {row.total()} replies {causes(row)}. "
        f"{_HINTS[cause]} max_useless 0 lets a run go on all the same."
    )


def fruitless(usefulness: Usefulness) -> LanguageModelUseless:
    """The error of a run that got to its end without one usable reply."""
    return LanguageModelUseless(
        f"not one of {usefulness.asked} replies of the language model was usable: {causes(usefulness.counts)}. "
        f"{_HINTS[usefulness.counts.most_common(1)[0][0]]} Start again in another run folder then; "
        "max_useless 0 takes the result all the same."
    )


_HINTS: dict[Outcome, str] = {
    "usable": "",
    "thought": "The model thinks longer than it may: give it more with thinking_tokens, or turn its thinking off.",
    "cut": "Give it more with the strategy's setting max_tokens, or thinking_tokens if it thinks first.",
    "empty": "Its server may put the answer elsewhere: check its settings for reasoning, or take another model.",
    "refused": "Say in the description what the images are for, or take another model.",
    "failed": "See the errors in the run's journal.jsonl.",
    "wrong form": "See the replies in the run's journal.jsonl; a larger model may do.",
}
