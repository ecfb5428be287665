"""From what a person writes to the language model they mean."""

import difflib
import os
from pathlib import Path
from typing import cast

from optimizers.errors import SettingsError
from optimizers.language_model import LanguageModel
from prompt_search.llm.function import FunctionModel, MessagesToText
from prompt_search.llm.install import find_local_model
from prompt_search.llm.local import LocalModel
from prompt_search.llm.openai_compatible import OpenAICompatible

__all__ = ["language_model"]

OPENAI = "openai/"
GGUF = "gguf:"


def language_model(
    spec: str | LanguageModel | MessagesToText,
    *,
    base_url: str | None = None,
    cache_dir: Path,
    concurrency: int = 32,
    api_key_env: str = "OPENAI_API_KEY",
) -> LanguageModel:
    """The language model a specification names.

    Args:
        spec: `local` (the installed SmolLM2), `gguf:PATH`, `openai/NAME`; with `base_url` the NAME that server knows
            the model by; a callable from messages to text; or any object with a `complete` method, returned as it is.
        base_url: address of an OpenAI-compatible server.
        cache_dir: where `local` is installed.
        concurrency: most calls to a server in flight.
        api_key_env: the environment variable with a server's key.

    Raises:
        SettingsError: if the specification is unknown, or its model isn't there.
    """
    if not isinstance(spec, str):
        return _given(spec)
    if base_url is not None:
        if spec == "local" or spec.startswith(GGUF) or not spec:
            raise SettingsError(f"a base URL needs the name of a model there, not {spec!r}")
        return OpenAICompatible(spec, base_url, api_key_env, concurrency)
    if spec == "local":
        return _local(cache_dir)
    if spec.startswith(GGUF):
        return LocalModel(Path(spec.removeprefix(GGUF)).expanduser())
    if spec.startswith(OPENAI) and spec != OPENAI:
        return _openai(spec.removeprefix(OPENAI), api_key_env, concurrency)
    raise _unknown(spec)


def _given(spec: object) -> LanguageModel:
    if hasattr(spec, "complete"):
        return cast(LanguageModel, spec)
    if callable(spec):
        return FunctionModel(spec)
    raise SettingsError(f"a language model is a specification, a callable or has `complete`; got {type(spec).__name__}")


def _openai(name: str, api_key_env: str, concurrency: int) -> OpenAICompatible:
    """A missing key is told before an image is encoded."""
    if not (os.environ.get(api_key_env, "").strip() or os.environ.get("OPENAI_BASE_URL")):
        raise SettingsError(f"{OPENAI}{name} needs an API key in the environment variable {api_key_env}")
    return OpenAICompatible(name, None, api_key_env, concurrency)


def _local(cache_dir: Path) -> LocalModel:
    path = find_local_model(cache_dir)
    if path is None:
        raise SettingsError(f"no local language model in {cache_dir}: get it (98 MB) with `prompt-search llm install`")
    return LocalModel(path)


def _unknown(spec: str) -> SettingsError:
    return SettingsError(
        f"unknown language model {spec!r}. Did you mean {_suggestion(spec)!r}? "
        "There are `local`, `gguf:PATH`, `openai/NAME`, and with a base URL any NAME."
    )


def _suggestion(spec: str) -> str:
    if spec.endswith(".gguf"):
        return GGUF + spec.partition(":")[2] if ":" in spec else GGUF + spec
    if difflib.get_close_matches(spec.lower(), ["local"], cutoff=0.6):
        return "local"
    return OPENAI + spec.rpartition("/")[2]
