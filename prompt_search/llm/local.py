"""A GGUF file run in this process by llama.cpp (xllamacpp)."""

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from optimizers.errors import LanguageModelError, LanguageModelRejected, SettingsError
from optimizers.language_model import Reply, Sample
from prompt_search.llm.reply_text import stored_reply

__all__ = ["LocalModel"]


class LocalModel:
    """A language model in a GGUF file, one sample at a time; the same sample always gives the same text.

    A reply is held to its request's JSON schema, string patterns included. Use it as a context manager or call
    `close` to free the memory early; both leave it usable, it then loads again.

    Args:
        path: the GGUF file; its chat template is used.
        name: what to call it; by default the file's name without suffix.
        n_ctx: tokens of prompt and reply together.
        threads: by default 1. llama.cpp's threads wait for each other by spinning, so as many threads as cores are
            a bit faster on an idle machine, and stall when anything else runs there.

    Raises:
        SettingsError: if there is no GGUF file at the path.
    """

    def __init__(self, path: Path, name: str | None = None, n_ctx: int = 2048, threads: int | None = None) -> None:
        _check_is_gguf(path)
        self._path = path
        self._name = name or path.stem
        self._n_ctx = n_ctx
        self._threads = threads or 1
        self._server: Any = None

    @property
    def name(self) -> str:
        """The given name, or the file's."""
        return self._name

    @cached_property
    def identity(self) -> str:
        """File name and the first 16 hex digits of the file's SHA-256."""
        with self._path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"gguf:{self._path.name}@sha256:{digest[:16]}"

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Complete the samples in order. A prompt longer than `n_ctx` gets a reply with finish `error`.

        Raises:
            LanguageModelRejected: if llama.cpp can't load the file or refuses a request.
        """
        for index, sample in enumerate(samples):
            on_reply(index, stored_reply(self._reply(sample)))

    def close(self) -> None:
        """Free the model's memory."""
        self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _reply(self, sample: Sample) -> Reply:
        if self._server is None:
            self._server = self._loaded()
        try:
            answer = self._server.handle_chat_completions(_body(sample))
        except RuntimeError as error:
            raise LanguageModelError(f"{self._name} failed: {error}. Finished replies are kept.") from error
        if "error" in answer:
            return self._refused(answer["error"])
        choice, usage = answer["choices"][0], answer["usage"]
        return Reply(
            choice["message"]["content"] or "",
            "length" if choice["finish_reason"] == "length" else "stop",
            usage["prompt_tokens"],
            usage["completion_tokens"],
        )

    def _refused(self, error: dict[str, Any]) -> Reply:
        if error.get("type") == "exceed_context_size_error":
            return Reply("", "error", error=str(error["message"]))
        raise LanguageModelRejected(f"{self._name} refused a request: {error.get('message')}")

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
        # It also listens on a random loopback port: closed to everyone else by a key nobody knows.
        params.api_keys = [secrets.token_hex(16)]
        params.ui = False
        params.warmup = False
        params.verbosity = -1
        try:
            return Server(params)
        except RuntimeError as error:
            raise LanguageModelRejected(
                f"llama.cpp can't load {self._path}: {error} The file may be damaged, or too new for this xllamacpp."
            ) from error


def _check_is_gguf(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise SettingsError(f"the language model {path} can't be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise SettingsError(f"the language model {path} is not a GGUF file")


def _body(sample: Sample) -> dict[str, Any]:
    request = sample.request
    body = request.to_json() | {"seed": sample.seed, "cache_prompt": False}
    schema = body.pop("json_schema")
    if schema is not None:
        from xllamacpp import json_schema_to_grammar

        # Free white space between tokens is where a small model gets lost.
        compact = json.loads(schema) | {"x-guidance": {"whitespace_flexible": False}}
        body["grammar"] = json_schema_to_grammar(compact)
    return body
