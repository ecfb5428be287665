"""Paths that begin with `~`, wherever a person may write one."""

from pathlib import Path

from evaluators.errors import InputError

__all__ = ["in_home"]


def in_home(path: str | Path, error: type[InputError], what: str = "") -> Path:
    """The path with its `~` or `~user` replaced by that home folder.

    Args:
        error: what to raise.
        what: names what holds the path, to go before it in the message.

    Raises:
        InputError: of the kind `error`, if there is no such user, or no home at all.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as unknown:
        raise error(
            f"{what}{' ' if what else ''}{path} begins with the home folder of a user that is not known here; "
            "write the whole path, or ./ before a name that really begins with ~"
        ) from unknown
