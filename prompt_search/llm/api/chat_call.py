"""One call to a chat completions API: in time, and its outcome sorted by what to do about it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from optimizers.language_model import Reply
from prompt_search.llm.api.chat_fault import Refusal, TransientFault
from prompt_search.llm.api.chat_reply import UnusableBody

__all__ = ["CONNECT_TIMEOUT", "Send", "timed_call"]

CONNECT_TIMEOUT = 10.0
SHORT_REPLY = 1_000
SLOWEST = 20
"""Tokens a second: of a long reply, slower ones are given up."""

Send = Callable[[dict[str, Any]], Awaitable[Reply | Refusal]]
"""Sends one body; returns the reply, or the refusal of this body. Raises `TransientFault`."""


async def timed_call(
    ask: Callable[[dict[str, Any], float], Awaitable[Reply]],
    fault_of: Callable[[Exception], Refusal | TransientFault],
    timeout: float,
    body: dict[str, Any],
) -> Reply | Refusal:
    """The reply, or the server's refusal of this body.

    Args:
        ask: sends a body; told how many seconds there are until the last byte must be there, however slowly they drip.
        fault_of: what an exception means; raises it again if it is none that a call brings.
        timeout: see `seconds_for`.

    Raises:
        TransientFault: without a cause or context, as those print headers and bodies that may hold the key.
    """
    seconds = seconds_for(timeout, int(body.get("max_completion_tokens") or body.get("max_tokens") or 0))
    try:
        async with asyncio.timeout(seconds):
            return await ask(body, seconds)
    except UnusableBody as error:
        outcome: Refusal | TransientFault = TransientFault(str(error))
    except TimeoutError:
        outcome = TransientFault(f"no answer within {seconds:g} s")
    except Exception as error:  # noqa: BLE001 - sorted, or raised again
        outcome = fault_of(error)
    if isinstance(outcome, TransientFault):
        raise outcome
    return outcome


def seconds_for(timeout: float, tokens: int) -> float:
    """Seconds a call may take whose reply may have so many tokens: a model that thinks first needs more than others.

    >>> seconds_for(60, 200), seconds_for(60, 9_000)
    (60, 460.0)
    """
    return timeout if tokens <= SHORT_REPLY else timeout + (tokens - SHORT_REPLY) / SLOWEST
