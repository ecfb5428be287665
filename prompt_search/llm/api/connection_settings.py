"""What the environment says about servers: keys; proxies and certificates, tried before anything is asked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optimizers.errors import SettingsError
from prompt_search.cache.home_folder import in_home

__all__ = ["check_connection_settings", "find_key", "named_faults"]

PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
LONGEST_KEY = 10_000


def find_key(variable: str) -> str | None:
    """The key in an environment variable, or else on the first line of the file that `<variable>_FILE` names.

    White space around it is dropped. `None` if neither variable is set to anything.

    Raises:
        SettingsError: if the file can't be read, or what is there can't be a key. The key is not quoted.
    """
    key, source = os.environ.get(variable, "").strip(), variable
    if not key and (path := os.environ.get(f"{variable}_FILE", "").strip()):
        key, source = _first_line(in_home(path, SettingsError, f"{variable}_FILE names"), variable), f"{variable}_FILE"
    if not (key.isascii() and key.isprintable()):
        raise SettingsError(f"the environment variable {source} holds, or leads to, characters that no API key has")
    return key or None


def _first_line(path: Path, variable: str) -> str:
    try:
        with path.open("rb") as file:
            line = file.readline(LONGEST_KEY).decode(errors="replace").strip()
    except OSError as error:
        raise SettingsError(f"{variable}_FILE names {path}, which can't be read: {error.strerror}") from error
    if not line:
        raise SettingsError(f"{variable}_FILE names {path}, whose first line is empty; it should hold the key")
    return line


def check_connection_settings() -> str:
    """Try what a client of a language model's server will do with the environment; half a sentence on what it names.

    Raises:
        SettingsError: if the certificates can't be read, or a proxy can't be used here.
    """
    import httpx

    for variable in CERTIFICATES:
        path = os.environ.get(variable)
        if path and not Path(path).exists():
            raise SettingsError(_certificates(f"{variable} names {path}, which does not exist"))
    with named_faults():
        httpx.Client().close()
    named = [*_set(PROXIES), *_set(CERTIFICATES)]
    return f"usable: {', '.join(named)}" if named else "none named"


@contextmanager
def named_faults() -> Iterator[None]:
    """Turns what an HTTP client raises at its making into an error that names the variable.

    Raises:
        SettingsError: see `check_connection_settings`.
    """
    try:
        yield
    except ImportError as error:
        raise SettingsError(
            f"{_named(PROXIES)} names a proxy that can't be used here: {error}. For a SOCKS proxy: "
            "pip install 'httpx[socks]'; or unset the variable, or name the server in NO_PROXY"
        ) from error
    except OSError as error:
        raise SettingsError(
            _certificates(f"{_named(CERTIFICATES)} can't be used: {error.strerror or error}")
        ) from error
    except ValueError as error:
        raise SettingsError(
            f"{_named(PROXIES)} names no proxy that can be used: it must look like http://host:3128"
        ) from error


def _certificates(what: str) -> str:
    return f"{what}: it must lead to the certificates to trust; correct or unset it"


def _set(variables: tuple[str, ...]) -> list[str]:
    return [each for name in variables for each in (name, name.lower()) if os.environ.get(each)]


def _named(variables: tuple[str, ...]) -> str:
    return " or ".join(_set(variables)) or "the environment"
