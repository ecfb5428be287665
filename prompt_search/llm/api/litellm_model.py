"""Any provider that litellm knows."""

import difflib
import logging
import os
import re
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from types import ModuleType
from typing import Any

from optimizers.errors import SettingsError
from prompt_search.installation import install_command
from prompt_search.llm.api.answer_body import refuse_redirect
from prompt_search.llm.api.chat_call import Send
from prompt_search.llm.api.chat_model import ChatModel
from prompt_search.llm.api.connection_settings import find_key, named_faults
from prompt_search.llm.api.endpoint import Redaction, without_secrets
from prompt_search.llm.api.sample_call import Patience

__all__ = ["LiteLLMModel", "import_litellm"]

OWN_SERVERS = ("hosted_vllm", "lm_studio", "litellm_proxy")
"""Providers that are a server somewhere, with no address until one is given."""
OPTIONAL = re.compile(r"AWS_|VERTEXAI_|OLLAMA_API_BASE$")
"""Variables that litellm calls missing though there are other ways to sign in, or a default."""
SECRET = re.compile(r"(KEY|KEY_ID|TOKEN|SECRET|PASSWORD|CREDENTIALS)$")
OFFLINE = ("LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS", "LITELLM_LOCAL_BLOG_POSTS")
"""litellm fetches these tables at import unless told to take the ones it carries."""


class LiteLLMModel(ChatModel):
    """A model of one of litellm's providers, e.g. `anthropic/claude-sonnet-4-5` or `ollama/llama3`.

    litellm takes keys and addresses from the environment, e.g. `ANTHROPIC_API_KEY` and `HOSTED_VLLM_API_BASE`;
    `ANTHROPIC_API_KEY_FILE` may name a file that holds the key instead.

    Args:
        name: provider, `/`, and what that provider knows the model by.
        concurrency: most calls in flight, at least 1; also where it starts.
        patience: when to give up.

    Raises:
        SettingsError: if litellm can't be imported or does not know the provider, or a key or an address is missing.
    """

    def __init__(
        self,
        name: str,
        concurrency: int = 32,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        litellm = import_litellm()
        provider, address = _provider(litellm, name)
        self._api_key = _api_key(litellm, name)
        shown = without_secrets(address) if address else provider
        super().__init__(name, shown, Redaction(self._secrets), concurrency, patience)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Send]:
        import httpx

        from prompt_search.llm.api.litellm_call import litellm_calls

        options = {} if self._api_key is None else {"api_key": self._api_key}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        with warnings.catch_warnings():
            # pydantic has things to say about litellm's types when the first call is made.
            warnings.filterwarnings("ignore", module=r"litellm|pydantic")
            with named_faults():
                opened = httpx.AsyncClient(
                    limits=limits, timeout=self._patience.timeout, event_hooks={"response": [refuse_redirect]}
                )
            async with opened as client:
                yield litellm_calls(import_litellm(), client, options, self._patience.timeout)

    def _secrets(self) -> list[str]:
        in_environment = [value for name, value in os.environ.items() if SECRET.search(name) and len(value) >= 8]
        return [*in_environment, self._api_key or ""]


def _provider(litellm: Any, name: str) -> tuple[str, str | None]:  # noqa: ANN401 - a module
    """The provider, and the address of its server where one is set."""
    known = sorted({str(getattr(provider, "value", provider)) for provider in litellm.provider_list})
    prefix = name.partition("/")[0]
    if prefix not in known:
        meant = difflib.get_close_matches(prefix.lower(), known, n=3, cutoff=0.5)
        raise SettingsError(
            f"unknown provider {prefix!r} of the language model {name!r}. "
            + (f"Did you mean {' or '.join(repr(guess) for guess in meant)}? " if meant else "")
            + "A server that speaks OpenAI's protocol needs a base URL; docs.litellm.ai lists the other providers."
        )
    _, provider, _, address = litellm.get_llm_provider(name)
    variable = provider.upper()
    address = address or os.environ.get(f"{variable}_API_BASE") or os.environ.get(f"{variable}_BASE_URL")
    if provider in OWN_SERVERS and not address:
        raise SettingsError(f"{name} needs the address of its server in the environment variable {variable}_API_BASE")
    return provider, address


def _api_key(litellm: Any, name: str) -> str | None:  # noqa: ANN401 - a module
    """A key from a file, to be handed to litellm; `None` if litellm finds what it needs in the environment."""
    missing = [key for key in litellm.validate_environment(name)["missing_keys"] if not OPTIONAL.match(key)]
    keys = [variable for variable in missing if variable.endswith("_API_KEY")]
    found = next(filter(None, map(find_key, keys)), None)
    lacking = [variable for variable in missing if variable not in keys or found is None]
    if lacking:
        # Several keys are alternatives (GEMINI_API_KEY or GOOGLE_API_KEY); anything else is needed as well.
        needed = " or ".join(lacking) if lacking == keys else " and ".join(lacking)
        raise SettingsError(
            f"{name} needs {needed} in the environment; {(keys or lacking)[0]}_FILE may name a file with the key"
        )
    return found


@cache
def import_litellm() -> ModuleType:
    """The module `litellm`; the first time takes seconds.

    Raises:
        SettingsError: if it can't be imported, though it is installed with this project.
    """
    for variable in OFFLINE:
        os.environ.setdefault(variable, "True")
    # Otherwise it puts what a file .env in the working directory says into the environment.
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import litellm
    except ImportError as error:
        raise SettingsError(
            f"this language model goes through litellm, which can't be imported ({error}): {install_command()}"
        ) from error
    litellm.suppress_debug_info = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).disabled = True
    # httpx logs addresses, and some providers take the key as a part of theirs.
    for name in ("litellm", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return litellm
