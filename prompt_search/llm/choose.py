"""From what a person writes to the language model they mean."""

import difflib
from pathlib import Path
from typing import cast

from optimizers.errors import SettingsError
from optimizers.language_model import LanguageModel
from prompt_search.cache.home_folder import in_home
from prompt_search.llm.api.connection_settings import check_connection_settings
from prompt_search.llm.api.endpoint import Endpoint
from prompt_search.llm.api.litellm_model import LiteLLMModel
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.function import FunctionModel, MessagesToText
from prompt_search.llm.hf.model import HuggingFaceModel
from prompt_search.llm.local.install import find_local_model
from prompt_search.llm.local.model import LocalModel

__all__ = ["check_specification", "given_model", "language_model"]

OPENAI = "openai/"
GGUF = "gguf:"
HUGGING_FACE = "hf:"
CALLS = 32


def language_model(
    spec: str | LanguageModel | MessagesToText,
    *,
    base_url: str | None = None,
    cache_dir: Path,
    concurrency: int | None = None,
    api_key_env: str = "OPENAI_API_KEY",
) -> LanguageModel:
    """The language model a specification names.

    Args:
        spec: `local` (the installed SmolLM2), `gguf:PATH`, `hf:PATH` (transformers), `openai/NAME`, `PROVIDER/NAME` for
            any provider that litellm knows; with `base_url` the NAME that server knows the model by; a callable
            from messages to text; or any object with a `complete` method, returned as it is.
        base_url: address of an OpenAI-compatible server.
        cache_dir: where `local` is installed.
        concurrency: most calls to a server in flight, 32 by default; of a callable, 1 by default. A model in this
            process takes one sample after the other.
        api_key_env: the environment variable with a server's key.

    Raises:
        SettingsError: if the specification is unknown, or its model isn't there, or the environment names a proxy or
            certificates that can't be used to reach a server.
    """
    if not isinstance(spec, str):
        return given_model(spec, concurrency)
    check_specification(spec, base_url)
    if _is_in_process(spec) and concurrency not in (None, 1):
        raise SettingsError(
            f"concurrency is for calls to a server: {spec} takes one sample after the other, so leave it out"
        )
    calls = CALLS if concurrency is None else concurrency
    if base_url is not None:
        check_connection_settings()
        return OpenAICompatible(spec, base_url, api_key_env, calls)
    if spec == "local":
        return _local(cache_dir)
    if spec.startswith(GGUF):
        return LocalModel(in_home(spec.removeprefix(GGUF), SettingsError, "the language model"))
    if spec.startswith(HUGGING_FACE):
        return HuggingFaceModel(spec.removeprefix(HUGGING_FACE))
    if spec.startswith(OPENAI) and spec != OPENAI:
        return _openai(spec.removeprefix(OPENAI), api_key_env, calls)
    check_connection_settings()
    return LiteLLMModel(spec, calls)


def check_specification(spec: str, base_url: str | None = None) -> None:
    """Refuse a specification that names no language model; whether it is there, and its key, is not looked at.

    Raises:
        SettingsError: with what may have been meant.
    """
    in_process = _is_in_process(spec)
    if base_url is not None and (in_process or not spec):
        raise SettingsError(f"a base URL needs the name of a model there, not {spec!r}")
    of_a_provider = "/" in spec.strip("/") and not _is_misspelled(spec)
    if base_url is None and not in_process and not of_a_provider:
        raise _unknown(spec)


def _is_in_process(spec: str) -> bool:
    return spec == "local" or spec.startswith((GGUF, HUGGING_FACE))


def given_model(spec: object, concurrency: int | None = None) -> LanguageModel:
    """A language model given as an object: one with `complete` as it is, a function from messages to text as a model.

    Args:
        spec: the object.
        concurrency: the most calls of a function at a time, 1 by default.

    Raises:
        SettingsError: if it is neither.
    """
    if hasattr(spec, "complete"):
        return cast(LanguageModel, spec)
    if callable(spec):
        return FunctionModel(spec, concurrency=1 if concurrency is None else concurrency)
    raise SettingsError(f"a language model is a specification, a callable or has `complete`; got {type(spec).__name__}")


def _openai(name: str, api_key_env: str, concurrency: int) -> OpenAICompatible:
    """A missing key is told before an image is encoded."""
    Endpoint(None, api_key_env).key()
    check_connection_settings()
    return OpenAICompatible(name, None, api_key_env, concurrency)


def _local(cache_dir: Path) -> LocalModel:
    path = find_local_model(cache_dir)
    if path is None:
        raise SettingsError(f"no local language model in {cache_dir}: get it (98 MB) with `prompt-search llm install`")
    return LocalModel(path)


def _unknown(spec: str) -> SettingsError:
    return SettingsError(
        f"unknown language model {spec!r}. Did you mean {_suggestion(spec)!r}? "
        "There are `local`, `gguf:PATH`, `hf:PATH`, `openai/NAME`, `PROVIDER/NAME` with litellm, "
        "and with a base URL any NAME."
    )


def _is_misspelled(spec: str) -> bool:
    """Whether it is meant for something else than litellm, whose import takes seconds."""
    prefix = spec.partition("/")[0].lower()
    return ":" in prefix or spec.endswith(".gguf") or (prefix != "openai" and _is_like(prefix, "openai"))


def _is_like(word: str, meant: str) -> bool:
    return bool(difflib.get_close_matches(word, [meant], cutoff=0.85))


def _suggestion(spec: str) -> str:
    if spec.endswith(".gguf"):
        return GGUF + spec.partition(":")[2] if ":" in spec else GGUF + spec
    if difflib.get_close_matches(spec.lower(), ["local"], cutoff=0.6):
        return "local"
    return OPENAI + spec.rpartition("/")[2]
