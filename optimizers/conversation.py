"""A conversation with a language model that is told how each of its proposals did."""

from dataclasses import dataclass

from optimizers.language_model import Message
from optimizers.replies import answer_in

__all__ = ["Conversation"]

NO_ANSWER = "(no answer)"
"""In the place of an empty reply: providers refuse empty turns."""


@dataclass(slots=True)
class Conversation:
    """The turns so far.

    Attributes:
        kept: whether there are any: where not, every question stands alone.
    """

    kept: bool = True
    _turns: tuple[Message, ...] = ()
    _outcome: str = ""

    def ask(self, question: Message) -> tuple[Message, ...]:
        """The turns to send: those so far, how the last proposal did, and a question."""
        if not self.kept:
            return (question,)
        content = f"{self._outcome}\n\n{question.content}".strip()
        self._turns = (*self._turns, Message("user", content))
        return self._turns

    def answered(self, reply: str, outcome: str) -> None:
        """What came back, and how the proposal in it did, which is said before the next question."""
        answer = answer_in(reply).strip() or NO_ANSWER
        self._turns = (*self._turns, Message("assistant", answer))
        self._outcome = outcome
