"""One call through litellm, and what is sent and comes for it over HTTP, seen from below.

litellm's own transports send requests twice and read answers of any length, and its exceptions blur what happened.
"""

import importlib.metadata
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import httpx

from optimizers.errors import SettingsError
from optimizers.language_model import Reply
from prompt_search.installation import install_command
from prompt_search.llm.api.answer_body import RefusedAnswer, body_of, with_possible_numbers
from prompt_search.llm.api.chat_call import CONNECT_TIMEOUT, Send, timed_call
from prompt_search.llm.api.chat_fault import Refusal, TransientFault, connection_fault, fault_causes, refusal_of
from prompt_search.llm.api.chat_reply import LONGEST_BODY, UnusableBody, reply_in

__all__ = ["litellm_calls", "take_over"]


@dataclass(slots=True)
class Exchange:
    """The last HTTP exchange of one call.

    Attributes:
        client: what sends it.
        status: of the answer; `None` if there was none.
        body: of the answer, cut off where it is longer than any answer may be.
        error: what ended it instead.
    """

    client: httpx.AsyncClient
    status: int | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""
    error: Exception | None = None


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def litellm_calls(litellm: Any, client: httpx.AsyncClient, options: dict[str, Any], timeout: float) -> Send:  # noqa: ANN401
    """What sends bodies through litellm.

    Args:
        litellm: the module.
        client: what carries them.
        options: more arguments of `litellm.acompletion`.
        timeout: seconds, see `timed_call`.

    Raises:
        SettingsError: see `take_over`.
    """
    take_over()

    async def ask(body: dict[str, Any], seconds: float) -> Reply:
        answer = await litellm.acompletion(**options, **body, timeout=seconds, max_retries=0, num_retries=0)
        return reply_in(_plain(answer))

    async def send(body: dict[str, Any]) -> Reply | Refusal:
        exchange = Exchange(client)
        _current.set(exchange)
        return await timed_call(ask, partial(_fault_of, exchange), timeout, body)

    return send


@cache
def take_over() -> None:
    """Make litellm build its clients on a `RecordingTransport` wherever a call is recorded.

    Every provider's client is built by this one function of litellm's. Calls that are not recorded, of other code in
    this process, keep litellm's own transports.

    Raises:
        SettingsError: if this litellm has no such function.
    """
    from litellm.llms.custom_httpx import http_handler

    handler: Any = getattr(http_handler, "AsyncHTTPHandler", None)
    theirs = getattr(handler, "create_async_transport", None)
    if theirs is None:
        raise SettingsError(
            f"litellm {importlib.metadata.version('litellm')} sends requests in another way than is known here, so its "
            f"calls could not be counted; the version this project was tested with: {install_command()}"
        )

    def transport(*args: Any, **settings: Any) -> Any:  # noqa: ANN401 - litellm's own types
        return theirs(*args, **settings) if _current.get() is None else RecordingTransport()

    handler.create_async_transport = staticmethod(transport)


class RecordingTransport(httpx.AsyncBaseTransport):
    """Carries requests with the client of the current exchange, and notes there what happened."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _current.get()
        if exchange is None:
            raise httpx.ConnectError("a client made for a call that has ended", request=request)
        if exchange.error is not None:
            # litellm sends again by itself after some failures. Attempts may be billed: the run must know them all.
            raise exchange.error
        try:
            return await _carried(request, exchange)
        except Exception as error:
            exchange.error = error
            raise


async def _carried(request: httpx.Request, exchange: Exchange) -> httpx.Response:
    timeouts = request.extensions.get("timeout", {})
    request.extensions["timeout"] = timeouts | {"connect": CONNECT_TIMEOUT}
    request.headers["accept-encoding"] = "identity"
    response = await exchange.client.send(request, stream=True)
    try:
        exchange.body = await body_of(response)
    finally:
        await response.aclose()
    exchange.status, exchange.headers = response.status_code, response.headers
    dropped = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in dropped]
    # What is too long is of no use, and litellm takes seconds to make an error of it.
    content = with_possible_numbers(exchange.body) if len(exchange.body) <= LONGEST_BODY else b""
    return httpx.Response(response.status_code, headers=headers, content=content)


def _fault_of(exchange: Exchange, error: Exception) -> Refusal | TransientFault:
    """What happened, by what was seen on the wire; by litellm's word where nothing was."""
    if isinstance(exchange.error, RefusedAnswer):
        return exchange.error.outcome
    if isinstance(exchange.error, UnusableBody):
        return TransientFault(str(exchange.error))
    if exchange.error is not None:
        return connection_fault(exchange.error)
    if exchange.status is None:
        return _unsent(error)
    if exchange.status < 400:
        long = len(exchange.body) > LONGEST_BODY
        return TransientFault(f"a body of more than {LONGEST_BODY:,} bytes" if long else f"an unusable body: {error}")
    refusal = refusal_of(exchange.status, exchange.body, str(error))
    # litellm knows more providers' ways to say that a prompt is too long or not allowed: its error's name tells.
    named = replace(refusal, code=refusal.code or type(error).__name__)
    return named.unless_transient(exchange.headers)


def _unsent(error: Exception) -> Refusal | TransientFault:
    """litellm refused before it sent anything, or it sent in a way of its own."""
    status = getattr(error, "status_code", None)
    missing = next((cause for cause in fault_causes(error) if isinstance(cause, ImportError)), None)
    if missing is not None:
        return Refusal(0, "missing", None, f"litellm needs more for this provider: {missing}")
    refusal = Refusal(status if isinstance(status, int) else 500, type(error).__name__, None, str(error))
    return refusal.unless_transient({})


def _plain(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - litellm.ModelResponse
    """What of litellm's answer matters, as the JSON it stands for."""
    choices = []
    for choice in answer.choices:
        message = choice.message
        extra = getattr(message, "provider_specific_fields", None) or {}
        refusal = getattr(message, "refusal", None) or extra.get("refusal")
        plain = {"content": message.content, "refusal": refusal}
        choices.append({"finish_reason": choice.finish_reason, "message": plain})
    usage = getattr(answer, "usage", None)
    counts = {name: getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")}
    return {"choices": choices, "usage": counts}
