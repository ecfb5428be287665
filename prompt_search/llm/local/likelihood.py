"""How likely llama.cpp's model finds a text, and which tokens it would go on with."""

import json
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from optimizers.errors import LanguageModelError, LanguageModelRejected
from optimizers.language_model import Reply, Request

__all__ = ["likelihood_reply"]

SECONDS = 60
"""How long tokenizing a text may take."""


def likelihood_reply(server: Any, api_key: str, name: str, request: Request) -> Reply:  # noqa: ANN401 - no types
    """The reply to a request with a `Likelihood`: see there for its text.

    llama.cpp tells probabilities of tokens that it draws, not of those that it reads. So it is held to the tokens of
    the text by a grammar, and tells of each how likely it was before the grammar.

    Args:
        server: xllamacpp's, loaded.
        api_key: of its own endpoint.
        name: of the model, for messages.

    Raises:
        LanguageModelRejected: if llama.cpp refuses the request.
        LanguageModelError: if it fails.
    """
    stated = request.likelihood
    assert stated is not None
    before = _tokens(server, api_key, request.messages[-1].content, begins=True)
    given = _tokens(server, api_key, stated.text)
    body: dict[str, Any] = {"prompt": before, "n_predict": max(1, len(given)), "n_probs": 1 if given else stated.top}
    body |= {"temperature": 0, "cache_prompt": False}
    if given:
        body["grammar"] = "root ::= " + " ".join(f"<[{token}]>" for token in given)
    answer = _completed(server, name, body)
    if (fault := answer.get("error")) is not None:
        told = str(fault.get("message"))
        # Its grammars fail at a character whose bytes are in several tokens, such as a rare emoji.
        if fault.get("type") == "exceed_context_size_error" or (given and "grammar" in told):
            return Reply("", "error", error=told)
        raise LanguageModelRejected(f"{name} refused a request: {fault.get('message')}")
    read = ((answer.get("choices") or [{}])[0].get("logprobs") or {}).get("content") or []
    if len(read) != max(1, len(given)) or (given and [each["id"] for each in read] != list(given)):
        return Reply("", "error", error="llama.cpp did not tell how likely each token is")
    chosen = read if given else read[0]["top_logprobs"]
    pairs = [[each["token"], round(each["logprob"], 6)] for each in chosen]
    return Reply(json.dumps(pairs), "stop", len(before), len(read))


def _completed(server: Any, name: str, body: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - xllamacpp's
    chunks: list[dict[str, Any]] = []

    def take(chunk: dict[str, Any]) -> bool:
        chunks.append(chunk)
        return False

    try:
        server.handle_completions(body, take)
    except RuntimeError as error:
        raise LanguageModelError(f"{name} failed: {error}. Finished replies are kept.") from error
    return chunks[-1] if chunks else {}


def _tokens(server: Any, api_key: str, text: str, *, begins: bool = False) -> Sequence[int]:  # noqa: ANN401 - no types
    """The tokens of a text, after that which `begins` one; only its own endpoint on the loopback tells them."""
    if not text:
        return ()
    address = urlsplit(server.listening_address)
    connection = HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=SECONDS)
    asked = json.dumps({"content": text, "add_special": begins, "parse_special": False})
    try:
        connection.request(
            "POST", "/tokenize", asked, {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        found = json.loads(answer.read())
        tokens = [int(token) for token in found["tokens"]]
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        raise LanguageModelError(f"llama.cpp did not divide a text into tokens: {error}") from error
    finally:
        connection.close()
    return tokens
