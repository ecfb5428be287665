"""OpenAI, and every server that speaks its chat completions protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from prompt_search.llm.chat_call import Send, call
from prompt_search.llm.chat_model import ChatModel
from prompt_search.llm.connection_settings import named_faults
from prompt_search.llm.endpoint import Endpoint
from prompt_search.llm.patience import Patience

__all__ = ["OpenAICompatible"]


class OpenAICompatible(ChatModel):
    """A model behind an OpenAI-compatible chat completions API, reached through the `openai` client.

    Args:
        model: the name the server knows it by.
        base_url: the server's address up to `/chat/completions`; OpenAI's by default. The key is sent there. An Azure
            deployment's has `?api-version=...` behind it.
        api_key_env: the environment variable with the key (or, with `_FILE` appended, with the path of a file that
            holds it); it may be unset where `base_url` is given.
        concurrency: most calls in flight, at least 1; also where it starts.
        patience: when to give up.

    Raises:
        SettingsError: if `base_url` is not an http(s) URL.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        concurrency: int = 32,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self._endpoint = Endpoint(base_url, api_key_env)
        super().__init__(model, self._endpoint.shown, self._endpoint.redaction, concurrency, patience)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Send]:
        key = self._endpoint.key()
        import openai

        timeout = self._patience.timeout
        with named_faults():
            opened = openai.AsyncOpenAI(
                api_key=key or "none-needed",
                base_url=self._endpoint.address,
                default_query=self._endpoint.query,
                default_headers=self._endpoint.headers(key),
                max_retries=0,
            )
        async with opened as client:
            # Its resources are imported here, which may take a second: no call should seem to wait for that.
            yield partial(call, client.chat.completions, timeout)
