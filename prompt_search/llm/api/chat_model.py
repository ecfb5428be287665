"""What every model behind a chat completions API has in common: many calls at once, retries, dialects, faults."""

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from optimizers.errors import LanguageModelRejected, LanguageModelUnavailable
from optimizers.language_model import Ability, Reply, Sample, Traffic
from prompt_search.llm.api.call_line import AdaptiveLimit, CallLine
from prompt_search.llm.api.call_pool import CallPool, Event
from prompt_search.llm.api.chat_call import Send
from prompt_search.llm.api.chat_fault import LONGEST_WAIT, Refusal, TransientFault
from prompt_search.llm.api.chat_request import ChatDialect
from prompt_search.llm.api.endpoint import Redaction
from prompt_search.llm.api.sample_call import Patience, SampleCall
from prompt_search.llm.hand_over import drain
from prompt_search.llm.requests import check_abilities, shortened

__all__ = ["ChatModel"]

HINTS = {
    401: "Check the API key.",
    402: "Check the account's credit.",
    403: "Check what the API key may use.",
    404: "Check the model's name and the base URL.",
    429: "Check the account's credit.",
}
CERTIFICATE_HINT = (
    "Check the server's certificate, this machine's clock, and for an authority of your own SSL_CERT_FILE."
)
REDIRECT_HINT = "Give that address as the base URL, if it is where prompts and key should go."
PICTURE_HINT = "It was sent a picture: take a model that can see, or leave captions out."
logger = logging.getLogger(__name__)


class ChatModel(ABC):
    """A model behind a chat completions API. A subclass says how a body is sent.

    Rate limits, server errors, dropped connections and garbled bodies are retried after random, growing waits; a 429
    also lowers the number of calls in flight, and a `Retry-After` holds all of them back. Parameters the model does not
    take are left out. A conversation that is too long is asked again without its oldest turns.

    Args:
        name: what the provider knows the model by.
        shown: where it is, without secrets.
        redaction: takes secrets out of what comes back.
        concurrency: most calls in flight, at least 1; also where it starts.
        patience: when to give up.
    """

    abilities: frozenset[Ability] = frozenset({"vision"})
    """Whether this very model takes pictures is known when it refuses one."""

    def __init__(self, name: str, shown: str, redaction: Redaction, concurrency: int, patience: Patience) -> None:
        self.name = name
        self.identity = f"{name}@{shown}"
        """Model name, `@`, and the server's address without user, password and query."""
        self.attempts = patience.attempts
        self._redaction, self._patience = redaction, patience
        self._place = f"{name} at {shown}"
        self._limit = AdaptiveLimit(concurrency)
        self._dialect = ChatDialect()
        self._told_of_shortening = False
        self.billable: Mapping[int, int] = {}
        """After `complete`, and after it failed: for each index how many calls may have been billed."""
        self.on_traffic: Callable[[Traffic], None] | None = None
        """Called from the calling thread of `complete` at most ten times and at least once a second; it may raise."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.identity!r})"

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Complete the samples, many at once; replies come in the order they arrive.

        A single turn over the model's context length gets a reply with finish `error`, an answer that the provider
        withholds one with finish `filter`. When a sample fails for good no other is begun, and the replies of those in
        flight are handed over before the error is raised.

        Raises:
            SettingsError: if the key is missing or can't be one.
            LanguageModelRejected: at the first refusal that asking again can't mend.
            LanguageModelUnavailable: when a sample used up its attempts or its deadline.
        """
        self.billable = {}
        check_abilities(self._place, samples, self.abilities)
        drain(self._events(samples), lambda event: self._deliver(event, on_reply))

    @abstractmethod
    def _open(self) -> AbstractAsyncContextManager[Send]:
        """What sends bodies, for as long as the context lasts."""

    def _deliver(self, event: Event, on_reply: Callable[[int, Reply], None]) -> None:
        if not isinstance(event, Traffic):
            on_reply(*event)
        elif self.on_traffic is not None:
            self.on_traffic(event)

    async def _events(self, samples: Sequence[Sample]) -> AsyncGenerator[Event, None]:
        line = CallLine(self._limit)
        async with self._open() as send:

            def begin(sample: Sample) -> SampleCall:
                return SampleCall(sample, partial(self._ask, send), line, self._patience, self._unavailable)

            pool = CallPool(samples, begin, line, self._patience, watched=self.on_traffic is not None)
            try:
                async with aclosing(pool.events()) as events:
                    async for event in events:
                        yield event
            finally:
                self.billable = pool.billable

    async def _ask(self, send: Send, sample: Sample) -> Reply:
        """One reply from one call, or from a few while the dialect is learned or the conversation made to fit."""
        shorter = False
        while True:
            body = self._dialect.body(self.name, sample)
            answer = await send(body)
            if isinstance(answer, Reply):
                return self._finished(body, sample, answer, shortened=shorter)
            if answer.kind == "filtered":
                return self._filtered(answer)
            if answer.kind == "too long":
                messages = shortened(sample.request.messages)
                if messages is None:
                    return Reply("", "error", error=self._redaction.quote(answer.message))
                sample, shorter = replace(sample, request=replace(sample.request, messages=messages)), True
                self._tell_of_shortening()
            elif answer.kind == "fatal" or not self._dialect.learn(body, answer.message, answer.parameter):
                raise self._rejected(answer, sample)

    def _finished(self, body: dict[str, Any], sample: Sample, reply: Reply, *, shortened: bool = False) -> Reply:
        """A reply as it is handed over: without secrets, and with how it was held to the schema."""
        text = self._redaction.redacted(reply.text)
        return replace(reply, text=text, form=self._dialect.form(body, sample.request, reply), shortened=shortened)

    def _filtered(self, refusal: Refusal) -> Reply:
        # Azure bills what its filter turned away, though it answers with status 400 and tells no usage.
        return Reply("", "filter", error=self._redaction.quote(refusal.message), unmetered=1)

    def _tell_of_shortening(self) -> None:
        if not self._told_of_shortening:
            logger.warning("a conversation is too long for %s; its oldest turns are left out", self.name)
        self._told_of_shortening = True

    def _unavailable(self, fault: TransientFault) -> LanguageModelUnavailable:
        asked = "" if fault.wait is None else f" (it asks to be left alone for {_duration(fault.wait)})"
        said = self._redaction.quote(str(fault))
        return LanguageModelUnavailable(
            f"{self._place} kept failing; the last time with {said}{asked}. "
            "Run the same command again: finished replies are kept. If it never answered: is a server running there, "
            "and does the base URL end where its API begins (often /v1)?"
        )

    def _rejected(self, refusal: Refusal, sample: Sample) -> LanguageModelRejected:
        said = self._redaction.quote(refusal.message)
        refused = f"refused with status {refusal.status}: {said}" if refusal.status else f"can't be used: {said}"
        return LanguageModelRejected(
            f"{self._place} {refused}. {_hint(refusal, sample)} Finished replies are kept: run the same command again."
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < LONGEST_WAIT else "a day or longer"


def _hint(refusal: Refusal, sample: Sample) -> str:
    if refusal.code == "certificate":
        return CERTIFICATE_HINT
    if refusal.code == "redirect":
        return REDIRECT_HINT
    if refusal.kind == "body" and any(turn.picture for turn in sample.request.messages):
        return PICTURE_HINT
    return HINTS.get(refusal.status, "The server does not accept what it was sent.")
