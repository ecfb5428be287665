"""What a strategy asks a language model, and what it gets back."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

__all__ = [
    "Ability",
    "Able",
    "Accountable",
    "LanguageModel",
    "Likelihood",
    "Message",
    "Picture",
    "Reply",
    "Request",
    "Retrying",
    "Sample",
    "Steering",
    "Traffic",
    "Watchable",
    "abilities",
    "attempts",
    "billable",
    "watch",
]

Ability = Literal["likelihood", "steering", "vision"]
"""What not every language model can do: tell how likely a text is, shift its hidden states, look at images."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as part of a message: the bytes of a file, and their media type, e.g. `image/png`."""

    data: bytes = field(repr=False)
    media_type: str

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the bytes: what journals and cache keys hold in their place."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; `picture` is for models with the ability `vision` only."""

    role: Literal["system", "user", "assistant"]
    content: str
    picture: Picture | None = None

    def to_json(self) -> dict[str, str]:
        """The turn as plain JSON values, a picture by its digest."""
        turn = {"role": self.role, "content": self.content}
        return turn if self.picture is None else turn | {"picture": self.picture.digest}


@dataclass(frozen=True, slots=True)
class Steering:
    """Shifts a model's hidden states towards one text and away from another (GLOV), at every decoding step.

    Attributes:
        towards, away: the texts whose mean hidden states give the direction.
        alpha: its factor, constant over the steps; 0 changes nothing.
        layer: after which decoder layer, counted from 0; `None` for the one at 17/32 of the depth.
    """

    towards: str
    away: str
    alpha: float = 1.0
    layer: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"towards": self.towards, "away": self.away, "alpha": self.alpha, "layer": self.layer}


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Asks, in the place of an answer, how likely the model finds a text, or what it would go on with.

    The request's last message is the text before, as it is, without a chat template. The reply's text is JSON: a list
    of pairs of a token and its natural log-probability given all before it, at temperature 1; `likelihood_request` of
    `optimizers.likelihood` makes such requests, and `tokens_in` reads the replies.

    Attributes:
        text: the tokens of this text are what is asked about, in order; in the tokenizer's own division.
        top: without a text: so many of the likeliest next tokens, likeliest first.
    """

    text: str = ""
    top: int = 1

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"text": self.text, "top": self.top}


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a language model.

    `max_tokens` bounds the completion, `temperature` is in [0, 2], `top_p` in (0, 1]. `json_schema` is
    the shape the reply should have; a model that can't be held to it may answer in plain text all the same.
    `small_schema` is a tighter one, which small models that run in this process are held to in its place.
    `steering` and `likelihood` are for models with that ability only.
    """

    messages: tuple[Message, ...]
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 200
    json_schema: str | None = None
    steering: Steering | None = None
    small_schema: str | None = None
    likelihood: Likelihood | None = None

    def to_json(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        values: dict[str, Any] = {
            "messages": [message.to_json() for message in self.messages],
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "json_schema": self.json_schema,
        }
        if self.small_schema is not None:
            values["small_schema"] = self.small_schema
        if self.likelihood is not None:
            values["likelihood"] = self.likelihood.to_json()
        return values if self.steering is None else values | {"steering": self.steering.to_json()}


@dataclass(frozen=True, slots=True)
class Sample:
    """One draw of a reply to a request.

    A run that asks the same thing twice wants two answers: `occurrence` counts how often this run made the
    request before. With the run's seed it identifies the draw, so one seed is repeatable and two are independent.
    """

    request: Request
    run_seed: int
    occurrence: int

    @property
    def key(self) -> str:
        """SHA-256 (hex) of everything that identifies this draw, the model apart.

        >>> ask = Request((Message("user", "Describe a cat."),))
        >>> Sample(ask, run_seed=0, occurrence=0).key == Sample(ask, run_seed=0, occurrence=1).key
        False
        """
        identity = [self.request.to_json(), self.run_seed, self.occurrence]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

    @property
    def seed(self) -> int:
        """The seed to hand to the model, in [0, 2**31)."""
        return int(self.key[:8], 16) & 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class Reply:
    """One completion. `text` is untrusted and may be empty.

    `finish` tells why it ended: `stop`, `length` (cut off at `max_tokens`), `filter` (withheld by the provider),
    `error` (an unusable answer, described in `error`) or `budget` (never asked, a limit was reached). `form` tells how
    the model was held to the request's schema: by the `schema` itself, to any `json`, or not at all (`text`); `None` if
    there was none. `unmetered` counts the calls made for this reply that may have been billed and told no usage (a lost
    connection, a garbled body, the answer itself without usage). `shortened` is true if old turns of the conversation
    were left out to fit the model's context.
    """

    text: str
    finish: Literal["stop", "length", "filter", "error", "budget"] = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached: bool = field(default=False, compare=False)
    error: str | None = None
    form: Literal["schema", "json", "text"] | None = None
    unmetered: int = field(default=0, compare=False)
    shortened: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a person may see of calls under way: the state of one `complete` at one moment.

    Attributes:
        in_flight: calls sent and not answered.
        waiting: samples without a reply that are not in flight: not begun, in line, or pausing after a fault.
        retried: calls made again so far, because an earlier one of the same sample failed.
        limit: most calls in flight that the server bears at the moment.
        held_until: the moment of `time.monotonic` until which the server asked to be left alone, if it did.
    """

    in_flight: int
    waiting: int
    retried: int
    limit: int
    held_until: float | None = None


class LanguageModel(Protocol):
    """Anything that completes messages. It may also be `Able`, `Retrying`, `Accountable` and `Watchable`."""

    @property
    def name(self) -> str:
        """What a person calls it, e.g. `gpt-4o-mini`."""
        ...

    @property
    def identity(self) -> str:
        """What the cache and the journal call it: model and endpoint, never a secret."""
        ...

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Complete every sample, calling `on_reply(index, reply)` the moment each reply is there.

        Calls may come in any order, each index once, all from the calling thread.

        Raises:
            LanguageModelError: when it can't go on; replies already handed over stay valid.
        """
        ...


class Able(Protocol):
    """A language model that can do more than text; read by `abilities`."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do beyond text."""
        ...


class Retrying(Protocol):
    """A language model that may be billed several times for one sample; read by `attempts`."""

    @property
    def attempts(self) -> int:
        """The most calls for one sample that may be billed, at least 1."""
        ...


class Accountable(Protocol):
    """A language model that tells what a failure may have cost; read by `billable`."""

    @property
    def billable(self) -> Mapping[int, int] | None:
        """After `complete`, failed or not: for each index how many calls may have been billed; none for those left out.

        `None` if it can't tell after all.
        """
        ...


class Watchable(Protocol):
    """A language model that tells of calls under way; set by `watch`."""

    on_traffic: Callable[[Traffic], None] | None
    """Called from the thread that called `complete`, at most ten times and at least once a second; it may raise."""


def abilities(model: LanguageModel) -> frozenset[Ability]:
    """What a model says it can do beyond text; nothing where it is not `Able`."""
    return frozenset(getattr(model, "abilities", ()))


def attempts(model: LanguageModel | None) -> int:
    """The most calls for one sample that may be billed; 1 where a model is not `Retrying`."""
    return int(getattr(model, "attempts", 1))


def billable(model: LanguageModel | None) -> Mapping[int, int] | None:
    """For each index of the last `complete` how many calls may have been billed.

    `None` where a model is not `Accountable`: then any number of its `attempts` may have been.
    """
    calls: Mapping[int, int] | None = getattr(model, "billable", None)
    return calls


def watch(model: LanguageModel | None, observe: Callable[[Traffic], None] | None) -> None:
    """Have a function told of every change in the calls of a model; without effect where it is not `Watchable`."""
    if model is not None and hasattr(model, "on_traffic"):
        model.on_traffic = observe
