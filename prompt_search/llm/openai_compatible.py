"""OpenAI, and every server that speaks its chat completions protocol."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import tenacity

from optimizers.errors import LanguageModelRejected, LanguageModelUnavailable
from optimizers.language_model import Reply, Sample
from prompt_search.llm.chat_call import call
from prompt_search.llm.chat_fault import TransientFault
from prompt_search.llm.chat_request import ChatDialect
from prompt_search.llm.endpoint import Endpoint
from prompt_search.llm.event_loop import drain

if TYPE_CHECKING:
    import openai

__all__ = ["OpenAICompatible"]

HINTS = {
    401: "Check the API key.",
    402: "Check the account's credit.",
    403: "Check what the API key may use.",
    404: "Check the model's name and the base URL.",
    429: "Check the account's credit.",
}


class OpenAICompatible:
    """A model behind an OpenAI-compatible chat completions API.

    Rate limits, server errors, dropped connections and garbled bodies are retried after random, growing waits.
    Parameters the model does not take are left out.

    Args:
        model: the name the server knows it by.
        base_url: the server's address up to `/chat/completions`; OpenAI's by default. The key is sent there.
        api_key_env: the environment variable with the key; it may be unset where `base_url` is given.
        concurrency: most calls in flight, at least 1.
        timeout: seconds one call may take, from connecting to the last byte.
        deadline: seconds after which a sample is not tried again.
        attempts: most calls for one sample, at least 1.
        longest_wait: most seconds between two attempts, unless the server asks for more.

    Raises:
        SettingsError: if `base_url` is not an http(s) URL.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        concurrency: int = 32,
        timeout: float = 60.0,
        deadline: float = 300.0,
        attempts: int = 8,
        longest_wait: float = 30.0,
    ) -> None:
        self._model = model
        self._endpoint = Endpoint(base_url, api_key_env)
        self._concurrency = concurrency
        self._timeout = timeout
        self._deadline = deadline
        self._attempts = attempts
        self._wait = tenacity.wait_random_exponential(multiplier=min(1.0, longest_wait), max=longest_wait)
        self._dialect = ChatDialect()

    def __repr__(self) -> str:
        return f"OpenAICompatible({self.identity!r})"

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model

    @property
    def identity(self) -> str:
        """Model name, `@`, and the server's address without user, password and query."""
        return f"{self._model}@{self._endpoint.shown}"

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Complete the samples, up to `concurrency` at once; replies come in the order they arrive.

        A prompt over the model's context length gets a reply with finish `error`.

        Raises:
            LanguageModelRejected: at the first refusal that asking again can't mend; other calls are cancelled.
            LanguageModelUnavailable: when a sample used up its attempts or its deadline; likewise.
        """
        key = self._endpoint.key()
        drain(self._replies(samples, key), lambda indexed: on_reply(*indexed))

    async def _replies(self, samples: Sequence[Sample], key: str | None) -> AsyncGenerator[tuple[int, Reply], None]:
        waiting = enumerate(samples)
        running: dict[asyncio.Task[Reply], int] = {}
        async with self._client(key) as client:
            try:
                while True:
                    for index, sample in islice(waiting, self._concurrency - len(running)):
                        running[asyncio.create_task(self._persistently(client, sample))] = index
                    if not running:
                        return
                    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    # Replies that arrived together with a failure are handed over before it is raised.
                    for task in sorted(done, key=lambda task: (task.exception() is not None, running[task])):
                        yield running[task], task.result()
                        del running[task]
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)

    def _client(self, key: str | None) -> "openai.AsyncOpenAI":
        import openai

        return openai.AsyncOpenAI(
            api_key=key or "none-needed",
            base_url=self._endpoint.url,
            timeout=self._timeout,
            max_retries=0,
        )

    async def _persistently(self, client: "openai.AsyncOpenAI", sample: Sample) -> Reply:
        """One reply, asked for as often as it makes sense."""
        patiently = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(TransientFault),
            wait=self._pause,
            stop=tenacity.stop_after_attempt(self._attempts) | tenacity.stop_before_delay(self._deadline),
            reraise=True,
        )
        try:
            reply: Reply = await patiently(self._once, client, sample)
            return replace(reply, text=self._endpoint.redacted(reply.text))
        except TransientFault as fault:
            reason = self._endpoint.quote(str(fault))
        raise LanguageModelUnavailable(
            f"{self._model} at {self._endpoint.shown} kept failing; the last time with {reason}. "
            "Run the same command again: finished replies are kept. If it never answered: is a server running there, "
            "and does the base URL end where its API begins (often /v1)?"
        )

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Seconds until the next attempt: what the server asked for and a little more, or a random growing wait."""
        backoff = self._wait(state)
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.wait if isinstance(fault, TransientFault) else None
        return backoff if asked is None else asked + min(backoff, 1.0)

    async def _once(self, client: "openai.AsyncOpenAI", sample: Sample) -> Reply:
        """One reply from one call, or from a few while the server's dialect is being learned."""
        while True:
            body = self._dialect.body(self._model, sample)
            answer = await call(client, body, self._timeout)
            if isinstance(answer, Reply):
                return answer
            said = self._endpoint.quote(answer.message)
            if answer.kind == "filtered":
                return Reply("", "filter", error=said)
            if answer.kind == "too long":
                return Reply("", "error", error=said)
            if answer.kind == "fatal" or not self._dialect.learn(body, answer.message, answer.parameter):
                raise self._rejected(answer.status, said)

    def _rejected(self, status: int, said: str) -> LanguageModelRejected:
        hint = HINTS.get(status, "The server does not accept what it was sent.")
        return LanguageModelRejected(
            f"{self._model} at {self._endpoint.shown} refused with status {status}: {said}. {hint} "
            "Finished replies are kept."
        )
