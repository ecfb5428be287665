"""How failures are told: one sentence to a person, the details to a file."""

import os
import re
import sys
import tempfile
import traceback

__all__ = ["report_defect", "say", "say_usage", "usage_message"]

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def say(message: str) -> None:
    """A message on standard error; control characters from file names and servers are taken out."""
    print(CONTROL.sub("?", message.encode(errors="replace").decode()), file=sys.stderr)  # noqa: T201


def usage_message(error: Exception) -> str | None:
    """What typer (whatever its click) says of a mistyped command, or `None` if the error is none of its own."""
    format_message = getattr(error, "format_message", None)
    return str(format_message()) if callable(format_message) else None


def say_usage(message: str) -> None:
    """A mistyped command."""
    if message.startswith("Usage:"):  # a command without arguments: its help is what is wanted
        say(message)
        return
    say(f"error: {message}\ntry `prompt-search --help`, or `--help` behind a command")


def report_defect(error: Exception) -> None:
    """A defect of ours: the traceback goes to a file, the person gets its place."""
    handle, path = tempfile.mkstemp(prefix="prompt-search-", suffix=".txt")
    with os.fdopen(handle, "w", errors="replace") as file:
        file.write("".join(traceback.format_exception(error)))
    say(f"error: {type(error).__name__}: {str(error)[:300]}\nThis is a defect of Prompt Search; details are in {path}")
