"""Any Python callable as a language model."""

from collections.abc import Callable, Sequence
from typing import Literal

from optimizers.errors import LanguageModelError
from optimizers.language_model import Reply, Sample
from prompt_search.llm.reply_text import stored_reply
from prompt_search.llm.requests import check_abilities

__all__ = ["FunctionModel", "MessagesToText"]

MessagesToText = Callable[[list[dict[str, str]]], str]
"""Takes messages, oldest first, each `{"role": ..., "content": ...}`; returns the completion."""


class FunctionModel:
    """A callable that takes messages and returns text, called for one sample after the other.

    The callable is not told the temperature or the seed, so what it returns is taken as the answer to that draw.

    Args:
        function: called with a list of `{"role": ..., "content": ...}` dicts; must return a str.
        name: what to call it in reports and in the cache; by default where the function is defined. Give a new
            name when the function starts to answer differently, or old answers come from the cache.

    >>> from optimizers.language_model import Message, Request
    >>> shout = FunctionModel(lambda messages: messages[-1]["content"].upper(), name="shout")
    >>> shout.complete([Sample(Request((Message("user", "a cat"),)), 0, 0)], lambda index, reply: print(reply.text))
    A CAT
    """

    def __init__(self, function: MessagesToText, name: str | None = None) -> None:
        self._function = function
        self.name = name or _described(function)
        """The given name, or module and qualified name of the callable."""
        self.identity = f"python:{self.name}"

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Call the function once for each sample, in order.

        Raises:
            LanguageModelError: if the function raises or returns anything but a str; the exception is chained.
            LanguageModelRejected: if a request has pictures or steering.
        """
        check_abilities(self.name, samples)
        for index, sample in enumerate(samples):
            form: Literal["text"] | None = None if sample.request.json_schema is None else "text"
            on_reply(index, stored_reply(Reply(self._call(sample), form=form)))

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
