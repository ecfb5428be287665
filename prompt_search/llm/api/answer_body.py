"""What is read of an answer: never more than a bound, however small it came over the wire, and never elsewhere."""

import json
import zlib
from typing import TYPE_CHECKING

from optimizers.errors import SettingsError
from prompt_search.llm.api.chat_fault import Refusal, TransientFault, refusal_of
from prompt_search.llm.api.chat_reply import LONGEST_BODY, MOST_DIGITS, UnusableBody
from prompt_search.llm.api.endpoint import without_secrets

if TYPE_CHECKING:
    import httpx

__all__ = [
    "RefusedAnswer",
    "body_of",
    "redirect_refusal",
    "refuse_errors",
    "refuse_redirect",
    "unpacked",
    "with_possible_numbers",
]

COMPRESSED = ("gzip", "x-gzip", "deflate")
"""What is unpacked though nobody asked for it: some proxies compress everything."""

EITHER_FORMAT = 32 + zlib.MAX_WBITS
"""Tells zlib to find out itself whether it is gzip's format or its own."""


class RefusedAnswer(Exception):
    """An answer that is none, as its status tells; `outcome` is what it means."""

    def __init__(self, outcome: Refusal | TransientFault) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


async def body_of(response: "httpx.Response") -> bytes:
    """The body, or as much of it as shows that it is longer than any answer may be: `LONGEST_BODY` bytes and one.

    Both bounds hold for what is unpacked as well: 300 KB of gzip may be 300 MB.

    Raises:
        UnusableBody: if it is packed in a way that was not asked for, or damaged.
    """
    received = bytearray()
    async for chunk in response.aiter_raw():
        received += chunk
        if len(received) > LONGEST_BODY:
            break
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    return unpacked(bytes(received[: LONGEST_BODY + 1]), encoding)


def unpacked(received: bytes, encoding: str) -> bytes:
    """What was received, unpacked as far as the bound.

    Raises:
        UnusableBody: see `body_of`.
    """
    if encoding in ("", "identity"):
        return received
    if encoding not in COMPRESSED:
        raise UnusableBody(f"a body with the content encoding {encoding}, though none was asked for")
    try:
        return zlib.decompressobj(EITHER_FORMAT).decompress(received, LONGEST_BODY + 1)
    except zlib.error as error:
        raise UnusableBody(f"a body that is not the {encoding} that its head says ({error})") from None


def with_possible_numbers(body: bytes) -> bytes:
    """A body of JSON in which numbers that no answer can mean are 0, and any other body as it is.

    For who fails at them, and with that loses a reply that is paid for.

    >>> with_possible_numbers(b'{"usage": 1e300}'), with_possible_numbers(b'{"usage":  7}')
    (b'{"usage": 0}', b'{"usage":  7}')
    """
    absurd = []

    def whole(digits: str) -> int:
        if len(digits) > MOST_DIGITS:
            absurd.append(digits)
        return 0 if len(digits) > MOST_DIGITS else int(digits)

    def real(digits: str) -> float:
        if abs(float(digits)) < 10.0**MOST_DIGITS:
            return float(digits)
        absurd.append(digits)
        return 0

    try:
        parsed = json.loads(body, parse_int=whole, parse_float=real)
        return json.dumps(parsed).encode() if absurd else body
    except (ValueError, RecursionError):
        return body


async def refuse_errors(response: "httpx.Response") -> None:
    """To be called with every answer before anybody else reads it, as a response hook of an HTTP client.

    Raises:
        RefusedAnswer: if its status is not one of success.
    """
    await refuse_redirect(response)
    if not response.is_success:
        try:
            body = await body_of(response)
        except UnusableBody as error:
            body = str(error).encode()
        refusal = refusal_of(response.status_code, body, response.reason_phrase)
        raise RefusedAnswer(refusal.unless_transient(response.headers))


async def refuse_redirect(response: "httpx.Response") -> None:
    """A redirect is never followed: prompts, pictures and the key would go where nobody said they should.

    A response hook of an HTTP client as well.

    Raises:
        RefusedAnswer: if it is one, naming both addresses.
    """
    refusal = redirect_refusal(response)
    if refusal is not None:
        raise RefusedAnswer(refusal)


def redirect_refusal(response: "httpx.Response") -> Refusal | None:
    """The refusal to follow, if it is a redirect."""
    if not response.has_redirect_location:
        return None
    said = f"it redirects from {without_secrets(str(response.url))} to {_target(response)}, which is not followed"
    return Refusal(0, "redirect", None, said)


def _target(response: "httpx.Response") -> str:
    import httpx

    try:
        return without_secrets(str(response.url.join(response.headers["location"])))
    except (httpx.InvalidURL, SettingsError, ValueError):
        return "an address that is none"
