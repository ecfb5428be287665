"""OpenAI, and every server that speaks its chat completions protocol."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from optimizers.language_model import Reply, Sample
from prompt_search.llm.api.answer_body import RefusedAnswer, body_of, refuse_errors
from prompt_search.llm.api.batch_run import BatchRun
from prompt_search.llm.api.batch_server import BatchPatience, BatchServer
from prompt_search.llm.api.chat_call import CONNECT_TIMEOUT, Send, timed_call
from prompt_search.llm.api.chat_fault import Refusal, TransientFault, connection_fault, fault_causes
from prompt_search.llm.api.chat_model import ChatModel
from prompt_search.llm.api.chat_reply import UnusableBody, read_reply
from prompt_search.llm.api.connection_settings import named_faults
from prompt_search.llm.api.endpoint import Endpoint
from prompt_search.llm.api.sample_call import Patience
from prompt_search.llm.batch_log import BatchLog
from prompt_search.llm.requests import check_abilities

if TYPE_CHECKING:
    from openai.resources.chat import AsyncCompletions

__all__ = ["OpenAICompatible"]


class OpenAICompatible(ChatModel):
    """A model behind an OpenAI-compatible chat completions API, reached through the `openai` client.

    Args:
        model: the name the server knows it by.
        base_url: the server's address up to `/chat/completions`; OpenAI's by default. The key is sent there. An Azure
            deployment's has `?api-version=...` behind it.
        api_key_env: the environment variable with the key (or, with `_FILE` appended, with the path of a file that
            holds it); it may be unset where `base_url` is given.
        concurrency: most calls in flight, at least 1; also where it starts.
        patience: when to give up.
        batch_patience: how often to look at a batch.

    Raises:
        SettingsError: if `base_url` is not an http(s) URL.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        concurrency: int = 32,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        batch_patience: BatchPatience = BatchPatience(),  # noqa: B008 - frozen
    ) -> None:
        self._batch_patience = batch_patience
        self._endpoint = Endpoint(base_url, api_key_env)
        super().__init__(model, self._endpoint.shown, self._endpoint.redaction, concurrency, patience)

    def complete_batch(self, samples: Sequence[Sample], log: BatchLog, on_reply: Callable[[int, Reply], None]) -> None:
        """Complete the samples in batches, where the log wants that, and take up those that it says are open.

        Samples of which nothing usable came back get no reply; `billable` tells which of them may have been paid for.

        Raises:
            SettingsError: if the key is missing or can't be one.
            LanguageModelError: see `BatchRun.replies`.
        """
        self.billable = {}
        check_abilities(self._place, samples, self.abilities)
        with self._batch_server() as server:
            run = BatchRun(
                server, self.name, self._dialect, log, self._batch_patience, self._from_batch, self.on_traffic
            )
            try:
                for index, reply in run.replies(samples):
                    on_reply(index, reply)
            finally:
                self.billable = run.billable

    def _from_batch(self, sample: Sample, outcome: Reply | Refusal) -> Reply | None:
        """A reply, or `None` where the sample must be asked for again."""
        if isinstance(outcome, Reply):
            return self._finished(self._dialect.body(self.name, sample), sample, outcome)
        return self._filtered(outcome) if outcome.kind == "filtered" else None

    @contextmanager
    def _batch_server(self) -> Iterator[BatchServer]:
        key = self._endpoint.key()
        import openai

        with named_faults():
            http = openai.DefaultHttpxClient(follow_redirects=False)
        client = openai.OpenAI(
            api_key=key or "none-needed",
            base_url=self._endpoint.address,
            default_headers={"accept-encoding": "identity", **self._endpoint.headers(key)},
            http_client=http,
        )
        headers = {
            name: value
            for name, value in {**client.auth_headers, **client.default_headers}.items()
            if isinstance(value, str) and name.lower() not in ("content-type", "accept")
        }
        with client:
            yield BatchServer(
                http,
                self._endpoint.address,
                self._endpoint.query,
                headers,
                self._place,
                self._redaction.quote,
                self._batch_patience,
            )

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Send]:
        key = self._endpoint.key()
        import openai

        with named_faults():
            opened = openai.AsyncOpenAI(
                api_key=key or "none-needed",
                base_url=self._endpoint.address,
                default_query=self._endpoint.query,
                default_headers={"accept-encoding": "identity", **self._endpoint.headers(key)},
                max_retries=0,
                http_client=openai.DefaultAsyncHttpxClient(
                    event_hooks={"response": [refuse_errors]}, follow_redirects=False
                ),
            )
        async with opened as client:
            # Its resources are imported here, which may take a second: no call should seem to wait for that.
            yield partial(timed_call, partial(_ask, client.chat.completions), _fault_of, self._patience.timeout)


class BrokenOff(Exception):
    """The connection failed in the middle of the body."""


async def _ask(completions: "AsyncCompletions", body: dict[str, Any], seconds: float) -> Reply:
    """Read from the body as it came: the client's own parsing takes anything for a completion."""
    import openai

    limits = openai.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))
    sending = completions.with_streaming_response.create(
        model=body["model"], messages=body["messages"], extra_body=body, timeout=limits
    )
    try:
        async with sending as response:
            try:
                content = await body_of(response.http_response)
            except UnusableBody:
                raise
            except Exception as error:
                # openai passes on what its HTTP client raises, be that httpx or another.
                raise BrokenOff from error
    except openai.APITimeoutError as error:
        if _was_sent(error):
            raise TimeoutError from None
        raise
    return read_reply(content)


def _was_sent(error: Exception) -> bool:
    fault = connection_fault(error)
    return isinstance(fault, TransientFault) and fault.cause == "lost"


def _fault_of(error: Exception) -> Refusal | TransientFault:
    import openai

    # The hook of the HTTP client has seen the answer; openai takes what a hook raises for a broken connection.
    refused = next((cause for cause in fault_causes(error) if isinstance(cause, RefusedAnswer)), None)
    if refused is not None:
        return refused.outcome
    if isinstance(error, openai.APIConnectionError | BrokenOff):
        return connection_fault(error)
    raise error
