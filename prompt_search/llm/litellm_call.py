"""One call through litellm, its outcome sorted by what to do about it."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from optimizers.language_model import Reply
from prompt_search.llm.chat_call import most_tokens
from prompt_search.llm.chat_fault import Refusal, TransientFault, refusal_of
from prompt_search.llm.chat_reply import LONGEST_BODY, UnusableBody, reply_in
from prompt_search.llm.connection_fault import connection_fault, fault_causes
from prompt_search.llm.litellm_import import import_litellm
from prompt_search.llm.patience import seconds_for

if TYPE_CHECKING:
    import httpx

    from prompt_search.llm.litellm_transport import Exchange

__all__ = ["litellm_call"]


async def litellm_call(
    client: "httpx.AsyncClient", options: dict[str, Any], timeout: float, body: dict[str, Any]
) -> Reply | Refusal:
    """The reply, or the provider's or litellm's refusal of this body.

    Args:
        client: what sends it.
        options: more arguments of `litellm.acompletion`.
        timeout: seconds until the last byte must be there.

    Raises:
        TransientFault: without a cause or context, as those print headers and bodies that may hold the key.
    """
    from prompt_search.llm.litellm_transport import record

    outcome = await _outcome(options | body, seconds_for(timeout, most_tokens(body)), record(client))
    if isinstance(outcome, TransientFault):
        raise outcome
    return outcome


async def _outcome(arguments: dict[str, Any], timeout: float, exchange: "Exchange") -> Reply | Refusal | TransientFault:
    litellm = import_litellm()
    try:
        async with asyncio.timeout(timeout):
            answer = await litellm.acompletion(**arguments, timeout=timeout, max_retries=0, num_retries=0)
        return reply_in(_plain(answer))
    except UnusableBody as error:
        return TransientFault(str(error))
    except TimeoutError:
        return TransientFault(f"no answer within {timeout:g} s")
    except Exception as error:  # noqa: BLE001 - litellm raises whatever its many parsers happen to raise
        return _sorted(error, exchange)


def _sorted(error: Exception, exchange: "Exchange") -> Refusal | TransientFault:
    """What happened, by what was seen on the wire; by litellm's word where nothing was."""
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
