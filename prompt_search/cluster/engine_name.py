"""Which program shares the work out: what `--engine` takes."""

import importlib.util

from prompt_search.errors import SettingsError
from prompt_search.installation import install_command

__all__ = ["HERE", "address_of", "check_engine"]

HERE = "here"
"""The engine that is this process alone."""
RAY = "ray"
SCHEME = "ray://"
CHOICES = "choose here (this process), ray, or ray://HOST:PORT"


def check_engine(name: str) -> None:
    """Refuse what is no engine, before anything is loaded.

    Raises:
        SettingsError: naming the choices, or the command that installs Ray where it is missing.

    >>> check_engine("here")
    >>> check_engine("spark")
    Traceback (most recent call last):
    ...
    optimizers.errors.SettingsError: there is no engine 'spark'; choose here (this process), ray, or ray://HOST:PORT
    """
    if not isinstance(name, str) or (name not in (HERE, RAY) and not name.startswith(SCHEME)):
        raise SettingsError(f"there is no engine {name!r}; {CHOICES}")
    if name.startswith(SCHEME):
        host, _, port = name.removeprefix(SCHEME).rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
            raise SettingsError(f"the engine {name!r} names no address; {CHOICES}, e.g. ray://10.0.0.1:6379")
    if name != HERE and importlib.util.find_spec("ray") is None:
        raise SettingsError(f"the engine {name!r} needs Ray: {install_command('ray')}")


def address_of(name: str) -> str | None:
    """The address of the cluster that an engine names; `None` for the one that Ray finds, or starts.

    >>> address_of("ray://10.0.0.1:6379"), address_of("ray")
    ('10.0.0.1:6379', None)
    """
    return name.removeprefix(SCHEME) if name.startswith(SCHEME) else None
