"""Where an OpenAI-compatible server is, and what must never be shown of how it is reached."""

import os
import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

from optimizers.errors import LanguageModelRejected, SettingsError

__all__ = ["Endpoint"]

OPENAI_URL = "https://api.openai.com/v1"
LONGEST_QUOTE = 300


class Endpoint:
    """A server's address and the key it is used with.

    Args:
        base_url: up to and without `/chat/completions`. By default what the environment variable `OPENAI_BASE_URL`
            says, or else OpenAI itself.
        api_key_env: the environment variable that holds the key.

    Raises:
        SettingsError: if the address is not an http(s) URL.

    >>> Endpoint("http://user:secret@localhost:8000/v1?token=secret", "MY_KEY").shown
    'http://localhost:8000/v1'
    """

    def __init__(self, base_url: str | None, api_key_env: str) -> None:
        given = base_url or os.environ.get("OPENAI_BASE_URL")
        self.url = given or OPENAI_URL
        self._api_key_env = api_key_env
        self._needs_key = given is None
        self._parts = _parsed(self.url)
        self.shown = _without_secrets(self._parts)
        """Scheme, host, port and path: what may appear in files and messages."""

    def __repr__(self) -> str:
        return f"Endpoint({self.shown!r})"

    def key(self) -> str | None:
        """The key, read from the environment now; None if there is none and the server may not need one.

        Raises:
            LanguageModelRejected: if OpenAI needs a key and there is none, or it can't be one.
        """
        key = os.environ.get(self._api_key_env, "").strip()
        if not key and self._needs_key:
            raise LanguageModelRejected(
                f"no API key: set the environment variable {self._api_key_env}, "
                "or give the base URL of a server that needs none"
            )
        if not (key.isascii() and key.isprintable()):
            raise LanguageModelRejected(
                f"the environment variable {self._api_key_env} holds characters that no API key has"
            )
        return key or None

    def redacted(self, text: str) -> str:
        """The text without any secret it may echo: replies are written to disk."""
        for secret in self._secrets():
            text = text.replace(secret, "[secret]")
        return text

    def quote(self, text: str) -> str:
        """What a server said, fit to show: no secrets, no control characters, at most 300 characters."""
        printable = "".join(c if c.isprintable() else " " for c in self.redacted(text))
        short = re.sub(" +", " ", printable).strip()
        return short if len(short) <= LONGEST_QUOTE else short[: LONGEST_QUOTE - 1] + "…"

    def _secrets(self) -> list[str]:
        in_query = [value for _, value in parse_qsl(self._parts.query) if len(value) >= 8]
        possible = [os.environ.get(self._api_key_env, "").strip(), self._parts.password or "", *in_query]
        return sorted(filter(None, possible), key=len, reverse=True)


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise SettingsError("the base URL of the language model must look like http://localhost:8000/v1")
    return parts


def _without_secrets(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
