"""A language model that says what a script tells it to."""

from collections.abc import Callable, Sequence

from optimizers import Reply, Sample

__all__ = ["ScriptedModel"]


class ScriptedModel:
    """Answers every sample by a function of it, and remembers what it was asked.

    Args:
        answer: the text of a reply; what it raises is raised.
    """

    name = "scripted"
    identity = "scripted@nowhere"

    def __init__(self, answer: Callable[[Sample], str]) -> None:
        self._answer = answer
        self.asked: list[str] = []

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """See `LanguageModel.complete`."""
        for index, sample in enumerate(samples):
            self.asked.append(sample.key)
            text = self._answer(sample)
            on_reply(index, Reply(text, prompt_tokens=10, completion_tokens=len(text.split())))
