"""A GGUF file run in this process by llama.cpp (xllamacpp)."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from types import MappingProxyType
from typing import Any, Literal

from optimizers.errors import LanguageModelError, LanguageModelRejected, SettingsError
from optimizers.language_model import Ability, Reply, Request, Sample
from prompt_search.llm.hand_over import hand_over
from prompt_search.llm.local.likelihood import likelihood_reply
from prompt_search.llm.reply_text import stored_reply
from prompt_search.llm.requests import check_abilities, shortened

__all__ = ["LocalModel", "StreamedReply"]

Form = Literal["schema"] | None
SMALL = 2**29
"""Bytes of a GGUF file below which a model is held to `Request.small_schema`: about half a billion weights."""

TOO_LONG = "exceed_context_size_error"
"""What llama.cpp calls a prompt over the context length."""


class LocalModel:
    """A language model in a GGUF file, one sample after the other; the same sample always gives the same text.

    A reply is held to its request's JSON schema, string patterns included. `close` frees the memory early and leaves
    it usable: it then loads again.

    Args:
        path: the GGUF file; its chat template is used.
        name: what to call it; by default the file's name without suffix.
        n_ctx: tokens of prompt and reply together.
        threads: by default 1. llama.cpp's threads wait for each other by spinning, so as many threads as cores are
            a bit faster on an idle machine, and stall when anything else runs there.

    Raises:
        SettingsError: if there is no GGUF file at the path.
    """

    abilities: frozenset[Ability] = frozenset({"likelihood"})
    billable: Mapping[int, int] = MappingProxyType({})
    """Nothing that it leaves unfinished was paid for."""

    def __init__(self, path: Path, name: str | None = None, n_ctx: int = 2048, threads: int = 1) -> None:
        _check_is_gguf(path)
        self.name = name or path.stem
        """The given name, or the file's."""
        self._path, self._n_ctx, self._threads = path, n_ctx, threads
        self._small = path.stat().st_size < SMALL
        self._server: Any = None
        self._api_key = secrets.token_hex(16)

    @cached_property
    def identity(self) -> str:
        """File name and the first 16 hex digits of the file's SHA-256."""
        with self._path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"gguf:{self._path.name}@sha256:{digest[:16]}"

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Complete the samples in order.

        A prompt over `n_ctx` loses its oldest turns; if it has but one, its reply has finish `error`.
        Ctrl-C ends it at the next token.

        Raises:
            LanguageModelRejected: if llama.cpp can't load the file or refuses a request, or a request has a picture or
                steering.
        """
        check_abilities(self.name, samples, self.abilities)
        if samples and self._server is None:
            self._server = self._loaded()
        arrived: SimpleQueue[tuple[int, Reply] | None] = SimpleQueue()
        cancelled = Event()

        def work() -> None:
            for index, sample in enumerate(samples):
                reply = None if cancelled.is_set() else self._reply(sample, cancelled)
                if reply is None:
                    break
                arrived.put((index, reply))

        hand_over(arrived, work, lambda answer: on_reply(*answer), end=cancelled.set)

    def close(self) -> None:
        """Free the model's memory."""
        self._server = None

    def _reply(self, sample: Sample, cancelled: Event) -> Reply | None:
        """One reply; while the prompt is too long, its oldest turns are left out. `None` if it was cancelled."""
        request = sample.request
        if request.likelihood is not None:
            return stored_reply(likelihood_reply(self._server, self._api_key, self.name, request))
        while True:
            streamed = self._generated(_body(request, sample.seed, small=self._small), cancelled)
            if streamed.error.get("type") != TOO_LONG:
                break
            messages = shortened(request.messages)
            if messages is None:
                return Reply("", "error", error=str(streamed.error["message"]))
            request = replace(request, messages=messages)
        if streamed.error:
            raise LanguageModelRejected(f"{self.name} refused a request: {streamed.error.get('message')}")
        if not streamed.finish:
            return None
        form: Form = None if request.json_schema is None else "schema"
        return stored_reply(replace(streamed.reply(), form=form, shortened=request != sample.request))

    def _generated(self, body: dict[str, Any], cancelled: Event) -> "StreamedReply":
        streamed = StreamedReply(cancelled)
        try:
            self._server.handle_chat_completions(body, streamed.take)
        except RuntimeError as error:
            raise LanguageModelError(f"{self.name} failed: {error}. Finished replies are kept.") from error
        return streamed

    def _loaded(self) -> Any:  # noqa: ANN401 - xllamacpp has no types
        from xllamacpp import CommonParams, Server

        params = CommonParams()
        params.model.path = str(self._path)
        params.n_ctx = self._n_ctx
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        # What a slot or a prompt cache remembers of earlier requests could change how sums are rounded.
        params.cache_prompt = False
        params.cache_idle_slots = False
        params.cache_ram_mib = 0
        # Its parser for tool calls and reasoning raises on JSON that ends early.
        params.force_pure_content_parser = True
        # It also listens on a random loopback port: closed to everyone else by a key that stays in this process.
        params.api_keys = [self._api_key]
        params.ui = False
        params.warmup = False
        params.verbosity = -1
        try:
            return Server(params)
        except RuntimeError as error:
            raise LanguageModelRejected(
                f"llama.cpp can't load {self._path}: {error} The file may be damaged, or too new for this xllamacpp."
            ) from error


class StreamedReply:
    """A reply that llama.cpp gives token by token, in the chunks of a streamed chat completion.

    Args:
        cancelled: once it is set, the model is told to stop at the next chunk.

    >>> streamed = StreamedReply(Event())
    >>> for text, end in (("A", None), (" cat", "stop")):
    ...     told = streamed.take({"choices": [{"delta": {"content": text}, "finish_reason": end}]})
    >>> streamed.reply().text
    'A cat'
    """

    def __init__(self, cancelled: Event) -> None:
        self.error: dict[str, Any] = {}
        self.finish = ""
        """Why the model came to an end of its own; empty as long as it did not."""
        self._cancelled = cancelled
        self._texts: list[str] = []
        self._usage: dict[str, int] = {}

    def take(self, chunk: dict[str, Any]) -> bool:
        """Take in one chunk; true ends the generation. Given to xllamacpp, which swallows what it raises."""
        self.error = chunk.get("error") or self.error
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk.get("choices", []):
            self._texts.append(choice["delta"].get("content") or "")
            self.finish = choice["finish_reason"] or self.finish
        return self._cancelled.is_set()

    def reply(self) -> Reply:
        """What the chunks make."""
        prompt, completion = (self._usage.get(f"{kind}_tokens", 0) for kind in ("prompt", "completion"))
        return Reply("".join(self._texts), "length" if self.finish == "length" else "stop", prompt, completion)


def _check_is_gguf(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise SettingsError(f"the language model {path} can't be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise SettingsError(f"the language model {path} is not a GGUF file")


def _body(request: Request, seed: int, small: bool) -> dict[str, Any]:
    body = request.to_json() | {"seed": seed, "cache_prompt": False}
    body |= {"stream": True, "stream_options": {"include_usage": True}}
    schema, tight = body.pop("json_schema"), body.pop("small_schema", None)
    if small and tight is not None:
        schema = tight
    if schema is not None:
        from xllamacpp import json_schema_to_grammar

        # Free white space between tokens is where a small model gets lost.
        compact = json.loads(schema) | {"x-guidance": {"whitespace_flexible": False}}
        body["grammar"] = json_schema_to_grammar(compact)
    return body
