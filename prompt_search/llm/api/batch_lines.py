"""The lines of a batch's files: requests going out, answers coming back in any order."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from optimizers.language_model import Reply, Sample
from prompt_search.llm.api.chat_fault import Refusal, refusal_of
from prompt_search.llm.api.chat_reply import UnusableBody, reply_in

__all__ = ["MOST_BYTES", "MOST_REQUESTS", "LineAnswer", "custom_id", "parts", "read_answer"]

MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
"""What OpenAI takes in one batch."""

URL = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What one line of an output or error file says.

    Attributes:
        custom_id: which request it is about.
        outcome: the reply, a refusal of this request, or in words why there is neither.
    """

    custom_id: str
    outcome: Reply | Refusal | str


def custom_id(sample: Sample) -> str:
    """What a sample's line is known by: it says nothing of the sample, and is the same at every start."""
    return sample.key[:40]


def parts(
    samples: Sequence[Sample],
    body_of: Callable[[Sample], dict[str, Any]],
    most_requests: int = MOST_REQUESTS,
    most_bytes: int = MOST_BYTES,
) -> Iterator[tuple[list[Sample], bytes]]:
    """Samples with the input files that ask for them, as few files as the limits allow.

    A request that is longer than a whole file may be has one of its own: the server says what it thinks of it.
    """
    own: list[Sample] = []
    lines: list[bytes] = []
    size = 0
    for sample in samples:
        request = {"custom_id": custom_id(sample), "method": "POST", "url": URL, "body": body_of(sample)}
        line = json.dumps(request).encode() + b"\n"
        if own and (len(own) == most_requests or size + len(line) > most_bytes):
            yield own, b"".join(lines)
            own, lines, size = [], [], 0
        own.append(sample)
        lines.append(line)
        size += len(line)
    if own:
        yield own, b"".join(lines)


def read_answer(line: bytes) -> LineAnswer | None:
    """What a line says; `None` if it is none that belongs to a request.

    >>> read_answer(b'{"custom_id": "a", "error": {"code": "batch_expired", "message": "too late"}}').outcome
    'too late'
    """
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("custom_id"), str):
        return None
    return LineAnswer(content["custom_id"], _outcome(content))


def _outcome(content: dict[str, Any]) -> Reply | Refusal | str:
    response, error = content.get("response"), content.get("error")
    if error or not isinstance(response, dict):
        said = error.get("message") or error.get("code") if isinstance(error, dict) else error
        return str(said or "a line without an answer")
    status, body = response.get("status_code"), response.get("body")
    if isinstance(status, int) and status >= 400:
        return refusal_of(status, json.dumps(body).encode(), "no reason is given")
    try:
        return reply_in(body) if isinstance(body, dict) else "an answer without a body"
    except UnusableBody as unusable:
        return str(unusable)
