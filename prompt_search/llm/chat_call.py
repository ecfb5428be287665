"""One HTTP call to a chat completions API, its outcome sorted by what to do about it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from optimizers.language_model import Reply
from prompt_search.llm.chat_fault import Refusal, TransientFault, refusal_of
from prompt_search.llm.chat_reply import LONGEST_BODY, UnusableBody, read_reply
from prompt_search.llm.connection_fault import connection_fault
from prompt_search.llm.patience import seconds_for

if TYPE_CHECKING:
    from openai.resources.chat import AsyncCompletions

__all__ = ["Send", "bounded", "call", "most_tokens"]

CONNECT_TIMEOUT = 10.0

Send = Callable[[dict[str, Any]], Awaitable[Reply | Refusal]]
"""Sends one body; returns the reply, or the refusal of this body. Raises `TransientFault`."""


class BrokenOff(Exception):
    """The connection failed in the middle of the body."""


async def call(completions: "AsyncCompletions", timeout: float, body: dict[str, Any]) -> Reply | Refusal:
    """The reply, or the server's refusal of this body.

    Args:
        completions: of an `openai.AsyncOpenAI` client.
        timeout: seconds until the last byte must be there, however slowly they drip.

    Raises:
        TransientFault: without a cause or context, as those print headers and bodies that may hold the key.
    """
    outcome = await _outcome(completions, seconds_for(timeout, most_tokens(body)), body)
    if isinstance(outcome, TransientFault):
        raise outcome
    return outcome


async def _outcome(
    completions: "AsyncCompletions", timeout: float, body: dict[str, Any]
) -> Reply | Refusal | TransientFault:
    import openai

    try:
        async with asyncio.timeout(timeout):
            return read_reply(await _send(completions, body, timeout))
    except UnusableBody as error:
        return TransientFault(str(error))
    except TimeoutError:
        return TransientFault(f"no answer within {timeout:g} s")
    except openai.APIStatusError as error:
        refusal = refusal_of(error.status_code, error.response.content, error.response.reason_phrase)
        return refusal.unless_transient(error.response.headers)
    except openai.APITimeoutError as error:
        fault = connection_fault(error)
        late = isinstance(fault, TransientFault) and fault.cause == "lost"
        return TransientFault(f"no answer within {timeout:g} s") if late else fault
    except (openai.APIConnectionError, BrokenOff) as error:
        return connection_fault(error)


async def _send(completions: "AsyncCompletions", body: dict[str, Any], timeout: float) -> bytes:
    """The body as it came; the client's own parsing takes anything for a completion."""
    streaming = completions.with_streaming_response
    import openai

    limits = openai.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT))
    async with streaming.create(
        model=body["model"], messages=body["messages"], extra_body=body, timeout=limits
    ) as response:
        try:
            return await bounded(response.iter_bytes())
        except Exception as error:
            # openai passes on what its HTTP client raises, be that httpx or another.
            raise BrokenOff from error


def most_tokens(body: dict[str, Any]) -> int:
    """The cap on the completion that a body holds."""
    return int(body.get("max_completion_tokens") or body.get("max_tokens") or 0)


async def bounded(chunks: AsyncIterator[bytes]) -> bytes:
    """What comes, up to the chunk with which it is longer than any answer may be."""
    received = bytearray()
    async for chunk in chunks:
        received += chunk
        if len(received) > LONGEST_BODY:
            break
    return bytes(received)
