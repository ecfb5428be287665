"""Where an OpenAI-compatible server is, and what must never be shown of how it is reached."""

import os
import re
from collections.abc import Callable, Iterable
from urllib.parse import SplitResult, parse_qsl, urlsplit

from optimizers.errors import SettingsError
from prompt_search.llm.api.connection_settings import find_key

__all__ = ["Endpoint", "Redaction", "secret_parts", "without_secrets"]

SHORTEST_SECRET = 8
"""Characters of the shortest key that is taken out of text: where a server needs none, people write `none` or `x`."""

OPENAI_URL = "https://api.openai.com/v1"
API_VERSION = "api-version"
"""What Azure wants behind the address of a deployment; no secret."""

AZURE_KEYS = ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY")
PASTED = "/chat/completions"
"""How addresses end that are copied from a portal or a curl command."""
LONGEST_QUOTE = 300
MOST_READ = 10_000
"""Characters of what a server said that are looked at, to quote the first of them."""

FEWEST_OF_A_KEY = 4
"""Characters at the end of a text that was cut that are taken for the beginning of a key."""

UNSEEN = r"[^\x20-\x7e]*"
"""What may stand between the letters of a key and not be seen on a screen."""


class Redaction:
    """Takes secrets out of text.

    Args:
        secrets: tells the secrets of the moment; empty strings are ignored.

    >>> Redaction(lambda: ["sk-123"]).redacted("no such key: sk-123")
    'no such key: [secret]'
    """

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        self._secrets = secrets

    def redacted(self, text: str) -> str:
        """The text without any secret it may echo, even between control characters: replies are written to disk."""
        for secret in self._longest_first():
            text = re.sub(UNSEEN.join(map(re.escape, secret)), "[secret]", text)
        return text

    def quote(self, text: str) -> str:
        """What a server said, fit to show: no secrets, no control characters, at most 300 characters.

        A text may have been cut in the middle of a secret, so the beginning of one at its end is not shown either.
        """
        said = self.redacted(text[:MOST_READ])
        for secret in self._longest_first():
            said = _without_cut_secret(said, secret)
        short = re.sub(" +", " ", "".join(c if c.isprintable() else " " for c in said)).strip()
        return short if len(short) <= LONGEST_QUOTE else short[: LONGEST_QUOTE - 1] + "…"

    def _longest_first(self) -> list[str]:
        return sorted(filter(None, self._secrets()), key=len, reverse=True)


def _without_cut_secret(text: str, secret: str) -> str:
    """The text without the beginning of a secret that it ends with."""
    seen = [place for place, character in enumerate(text) if " " <= character <= "~"][1 - len(secret) :]
    ending = "".join(text[place] for place in seen).rstrip()
    for start in range(len(ending) - FEWEST_OF_A_KEY + 1):
        if secret.startswith(ending[start:]):
            return text[: seen[start]] + "[secret]"
    return text


class Endpoint:
    """A server's address and the key it is used with.

    Args:
        base_url: up to and without `/chat/completions`. By default what the environment variable `OPENAI_BASE_URL`
            says, or else OpenAI itself.
        api_key_env: the environment variable that holds the key; `<api_key_env>_FILE` may name a file instead.

    Raises:
        SettingsError: if the address is not an http(s) URL.

    >>> Endpoint("https://me.openai.azure.com/openai/deployments/d?api-version=2024-10-21", "KEY").query
    {'api-version': '2024-10-21'}
    >>> Endpoint("http://user:secret@localhost:8000/v1?token=secret", "MY_KEY").shown
    'http://localhost:8000/v1'
    """

    def __init__(self, base_url: str | None, api_key_env: str) -> None:
        given = base_url or os.environ.get("OPENAI_BASE_URL")
        self.url = given or OPENAI_URL
        self._api_key_env = api_key_env
        self._needs_key = given is None
        self._parts = _parsed(self.url)
        self._used_keys: set[str] = set()
        self.query = dict(parse_qsl(self._parts.query))
        """What goes behind the address of every call."""
        self.address = self._parts._replace(query="", path=_path(self._parts)).geturl()
        """The address itself, up to and without `/chat/completions`."""
        self._is_azure = API_VERSION in self.query or (self._parts.hostname or "").endswith(".azure.com")
        self.shown = _shown(self._parts)
        """Scheme, host, port and path: what may appear in files and messages."""
        self.redaction = Redaction(self._secrets)
        """Takes the key, and what is secret of the address, out of text."""

    def __repr__(self) -> str:
        return f"Endpoint({self.shown!r})"

    def key(self) -> str | None:
        """The key, read now from the environment or from the first line of the file named there.

        None if there is none and the server may not need one.

        Raises:
            SettingsError: if OpenAI needs a key and there is none, or it can't be one, or its file can't be read.
        """
        key = next(filter(None, map(find_key, self._variables)), None)
        if key is None and self._needs_key:
            raise SettingsError(
                f"no API key: set the environment variable {self._api_key_env}, or {self._api_key_env}_FILE to the "
                "path of a file that holds it, or give the base URL of a server that needs none"
            )
        if key is not None:
            self._used_keys.add(key)
        return key

    def headers(self, key: str | None) -> dict[str, str]:
        """What goes with every call beside the client's own: Azure takes keys in a header of its own."""
        return {"api-key": key} if self._is_azure and key else {}

    @property
    def _variables(self) -> tuple[str, ...]:
        """Where a key may be, the first one first."""
        return (*AZURE_KEYS, self._api_key_env) if self._is_azure else (self._api_key_env,)

    def _secrets(self) -> list[str]:
        in_query = [value for name, value in self.query.items() if name != API_VERSION]
        in_environment = [os.environ.get(variable, "").strip() for variable in self._variables]
        keys = [key for key in (*in_environment, *in_query, *self._used_keys) if len(key) >= SHORTEST_SECRET]
        return [*keys, self._parts.password or ""]


def without_secrets(url: str) -> str:
    """Scheme, host, port and path of an address: what may appear in files and messages.

    Raises:
        SettingsError: if it is not an http(s) URL.

    >>> without_secrets("https://user:secret@host.example/v1/?key=secret")
    'https://host.example/v1'
    """
    return _shown(_parsed(url))


def secret_parts(url: str) -> list[str]:
    """What of an address must not be written down: a user, a password, parameters other than Azure's version.

    Raises:
        SettingsError: if it is not an http(s) URL.

    >>> secret_parts("https://me.openai.azure.com/openai?api-version=2024-10-21&sig=abc")
    ['the parameter sig']
    """
    parts = _parsed(url)
    user = ["a user or a password"] if parts.password or "@" in parts.netloc else []
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if name != API_VERSION]
    return user + [f"the parameter {name}" for name in names]


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise SettingsError("the base URL of the language model must look like http://localhost:8000/v1")
    return parts


def _shown(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{_path(parts)}"


def _path(parts: SplitResult) -> str:
    return parts.path.rstrip("/").removesuffix(PASTED)
