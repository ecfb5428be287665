"""A sample as the body of an OpenAI-style chat completion, in the dialect the server turns out to speak."""

import base64
import json
import logging
import re
from typing import Any

from optimizers.language_model import Message, Reply, Request, Sample
from prompt_search.llm.api.response_format import (
    FORMS,
    JSON,
    LOOSE,
    STRICT,
    TYPES,
    Form,
    asked_form,
    level_of,
    response_format,
    shown_form,
)
from prompt_search.llm.reply_text import valid_text
from prompt_search.llm.requests import told_of_schema

__all__ = ["ChatDialect"]

RESPONSE_FORMAT = {"json_schema", "json_object", "strict"}
"""Words of a complaint that are about it."""

OPTIONAL = ("seed", "top_p", "temperature")
logger = logging.getLogger(__name__)


class ChatDialect:
    """Which parameters a server takes, found out from what it refuses.

    `response_format` is stepped down from a strict JSON schema to one that is not, to any JSON object, to nothing;
    `max_tokens` becomes `max_completion_tokens`; `seed`, `top_p` and `temperature` are left out. The cap on the
    completion never is: what a call can cost depends on it. What was learned holds for every later request of this
    object. A model that isn't held to the schema is told it in the last turn, and so is one that was to be held and
    answers otherwise: its server passes over what it was sent.
    """

    def __init__(self) -> None:
        self._level = STRICT
        self._tokens = "max_tokens"
        self._dropped: set[str] = set()

    def body(self, model: str, sample: Sample) -> dict[str, Any]:
        """What to send."""
        request = sample.request
        body: dict[str, Any] = {
            "model": model,
            "messages": self._messages(request),
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": sample.seed,
            self._tokens: request.max_tokens,
        }
        if request.json_schema is not None:
            body |= response_format(json.loads(request.json_schema), self._level)
        return {name: value for name, value in body.items() if name not in self._dropped}

    def learn(self, body: dict[str, Any], complaint: str, parameter: str | None) -> bool:
        """Adapt to a refused body; True if the next one will differ from it.

        Args:
            body: what was sent. The dialect may have moved on since, as requests are in flight together.
            complaint: the server's message.
            parameter: the parameter the server names, if it does.
        """
        name = _blamed(body, complaint, parameter)
        if name is None:
            return False
        if name == "response_format":
            self._step_down(body)
        elif name == "max_tokens":
            self._tokens = "max_completion_tokens"
        elif name not in self._dropped:
            self._dropped.add(name)
            logger.warning("the language model does not take %s; it is left out from now on", name)
        return True

    def form(self, body: dict[str, Any], request: Request, reply: Reply) -> Form | None:
        """How a reply was held to the request's schema; `None` if there is none.

        What was asked for, unless the reply shows that it was not held so; then no later one is trusted to be.
        """
        if request.json_schema is None:
            return None
        asked, shown = asked_form(body), shown_form(reply, json.loads(request.json_schema))
        if asked == "schema" and shown != "schema" and self._level < JSON:
            self._level = JSON
            logger.warning(
                "the language model is not held to response_format json_schema; it is told the form in words"
            )
        return max(asked, shown, key=FORMS.index)

    def _messages(self, request: Request) -> list[dict[str, Any]]:
        turns = request.messages if self._level < JSON else told_of_schema(request)
        return [{"role": turn.role, "content": _content(turn)} for turn in turns]

    def _step_down(self, body: dict[str, Any]) -> None:
        refused = level_of(body["response_format"])
        if self._level <= refused:
            self._level = refused + 1
            if refused >= LOOSE:  # the firmer ways to ask for a schema are for the program to find out
                logger.warning("the language model does not take response_format %s", TYPES[refused])


def _content(turn: Message) -> str | list[dict[str, Any]]:
    text = valid_text(turn.content)
    if turn.picture is None:
        return text
    url = f"data:{turn.picture.media_type};base64,{base64.b64encode(turn.picture.data).decode()}"
    return [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]


def _blamed(body: dict[str, Any], complaint: str, parameter: str | None) -> str | None:
    """The parameter of the body that is refused. A message may mention several: the one refused comes first."""
    if parameter is not None and parameter.split(".")[0] in body:
        complaint = parameter.split(".")[0]
    words = [("response_format" if w in RESPONSE_FORMAT else w) for w in re.findall(r"\w+", complaint)]
    # Some take either of these, not both; the temperature is the one to keep.
    if {"temperature", "top_p"} <= {*words} & body.keys():
        return "top_p"
    adaptable = ("response_format", "max_tokens", *OPTIONAL)
    return next((word for word in words if word in adaptable and word in body), None)
