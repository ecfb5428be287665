"""What litellm sends and gets over HTTP, seen from below: the facts that its exceptions blur."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx

from prompt_search.llm.chat_call import bounded
from prompt_search.llm.chat_reply import LONGEST_BODY

__all__ = ["Exchange", "record", "take_over"]

CONNECT_TIMEOUT = 10.0


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
        exchange.body = await bounded(response.aiter_bytes())
    finally:
        await response.aclose()
    exchange.status, exchange.headers = response.status_code, response.headers
    dropped = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in dropped]
    # What is too long is of no use, and litellm takes seconds to make an error of it.
    content = exchange.body if len(exchange.body) <= LONGEST_BODY else b""
    return httpx.Response(response.status_code, headers=headers, content=content)


def record(client: httpx.AsyncClient) -> Exchange:
    """The record of the call that the current task makes from now on."""
    exchange = Exchange(client)
    _current.set(exchange)
    return exchange


@cache
def take_over() -> None:
    """Make litellm build its clients on a `RecordingTransport` wherever a call is recorded.

    Every provider's client is built by this one function of litellm's, whose own transports send requests twice and
    read answers of any length. Calls that are not recorded, of other code in this process, keep theirs.
    """
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    theirs = AsyncHTTPHandler.create_async_transport

    def transport(*args: Any, **settings: Any) -> Any:  # noqa: ANN401 - litellm's own types
        return theirs(*args, **settings) if _current.get() is None else RecordingTransport()

    AsyncHTTPHandler.create_async_transport = staticmethod(transport)  # type: ignore[method-assign]
