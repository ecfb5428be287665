"""One HTTP call to a chat completions API, its outcome sorted by what to do about it."""

import asyncio
from typing import TYPE_CHECKING, Any

from optimizers.language_model import Reply
from prompt_search.llm.chat_fault import Refusal, TransientFault, retry_after
from prompt_search.llm.chat_reply import UnusableBody, read_reply

if TYPE_CHECKING:
    import openai

__all__ = ["call"]


async def call(client: "openai.AsyncOpenAI", body: dict[str, Any], timeout: float) -> Reply | Refusal:
    """The reply, or the server's refusal of this body.

    Args:
        timeout: seconds until the last byte must be there, however slowly they drip.

    Raises:
        TransientFault: without a cause or context, as those print headers and bodies that may hold the key.
    """
    import openai

    try:
        async with asyncio.timeout(timeout):
            return read_reply(await _send(client, body))
    except UnusableBody as error:
        fault = TransientFault(str(error))
    except (TimeoutError, openai.APITimeoutError):
        fault = TransientFault(f"no answer within {timeout:g} s")
    except openai.APIConnectionError as error:
        fault = TransientFault(f"no connection ({error.__cause__ or error})")
    except openai.APIStatusError as error:
        refusal = _refusal(error)
        if refusal.kind != "transient":
            return refusal
        fault = TransientFault(f"status {refusal.status}: {refusal.message}", retry_after(error.response.headers))
    raise fault


async def _send(client: "openai.AsyncOpenAI", body: dict[str, Any]) -> bytes:
    """The body as it came: the client's own parsing takes anything for a completion."""
    response = await client.chat.completions.with_raw_response.create(
        model=body["model"], messages=body["messages"], extra_body=body
    )
    return response.content


def _refusal(error: "openai.APIStatusError") -> Refusal:
    details = error.body if isinstance(error.body, dict) else {}
    said = details.get("message") or error.body or error.response.reason_phrase
    return Refusal(error.status_code, _word(details.get("code")), _word(details.get("param")), str(said))


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None
