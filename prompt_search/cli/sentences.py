"""Sentences on standard output."""

from typing import TYPE_CHECKING

from prompt_search.data.names.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_sentence"]


def print_sentence(console: "Console", text: str) -> None:
    """Print a sentence, what can steer a terminal in it escaped.

    On a terminal it is wrapped at words; elsewhere it is one line, for whoever searches it.
    """
    if console.is_terminal:
        console.print(printable(text), overflow="fold", markup=False)
    else:
        console.print(printable(text), soft_wrap=True, markup=False)
