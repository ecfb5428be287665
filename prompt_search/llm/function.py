"""Any Python callable as a language model."""

from collections.abc import Callable, Sequence
from typing import Literal

from optimizers.errors import LanguageModelError
from optimizers.language_model import Reply, Sample
from prompt_search.llm.in_threads import InThreads, check_concurrency
from prompt_search.llm.reply_text import stored_reply
from prompt_search.llm.requests import check_abilities

__all__ = ["FunctionModel", "MessagesToText"]

MessagesToText = Callable[[list[dict[str, str]]], str]
"""Takes messages, oldest first, each `{"role": ..., "content": ...}`; returns the completion."""


class FunctionModel:
    """A callable that takes messages and returns text, called for one sample after the other, or for several at once.

    The callable is not told the temperature or the seed, so what it returns is taken as the answer to that draw.

    Args:
        function: called with a list of `{"role": ..., "content": ...}` dicts; must return a str.
        name: what to call it in reports and in the cache; by default where the function is defined. Give a new
            name when the function starts to answer differently, or old answers come from the cache.
        concurrency: the most calls at a time. With more than 1 the function is called in other threads, and must bear
            to be called by several of them.

    Raises:
        SettingsError: if the concurrency is no whole number of at least 1.

    >>> from optimizers.language_model import Message, Request
    >>> shout = FunctionModel(lambda messages: messages[-1]["content"].upper(), name="shout")
    >>> shout.complete([Sample(Request((Message("user", "a cat"),)), 0, 0)], lambda index, reply: print(reply.text))
    A CAT
    """

    def __init__(self, function: MessagesToText, name: str | None = None, concurrency: int = 1) -> None:
        check_concurrency(concurrency)
        self._function = function
        self.concurrency = concurrency
        """The most calls at a time."""
        self.name = name or _described(function)
        """The given name, or module and qualified name of the callable."""
        self.identity = f"python:{self.name}"

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Call the function once for each sample, begun in order; a reply is handed over as soon as it is there.

        Raises:
            LanguageModelError: if the function raises or returns anything but a str; the exception is chained. Calls
                under way then may end, and their replies are handed over before.
            LanguageModelRejected: if a request has pictures or steering.
        """
        check_abilities(self.name, samples)
        if self.concurrency > 1:
            InThreads(self._reply, samples, self.concurrency).deliver(on_reply)
            return
        for index, sample in enumerate(samples):
            on_reply(index, self._reply(sample))

    def _reply(self, sample: Sample) -> Reply:
        form: Literal["text"] | None = None if sample.request.json_schema is None else "text"
        return stored_reply(Reply(self._call(sample), form=form))

    def _call(self, sample: Sample) -> str:
        messages = [{"role": m.role, "content": m.content} for m in sample.request.messages]
        try:
            text = self._function(messages)
        except Exception as error:
            raise self._failure(f"raised {type(error).__name__}: {error}") from error
        if not isinstance(text, str):
            raise self._failure(f"returned {type(text).__name__}; it must return a str")
        return text

    def _failure(self, what: str) -> LanguageModelError:
        return LanguageModelError(
            f"the language model function {self.name} {what}. Correct it and run again: finished replies are kept."
        )


def _described(function: MessagesToText) -> str:
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"
