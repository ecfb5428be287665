"""Sentences are wrapped at words where a person reads them, and whole where a program does."""

import io

import pytest
from rich.console import Console

from prompt_search.cli.sentences import print_sentence

VERDICT = 'On 2000 unseen images the winner against "a photo of a {}.": +6.6 points, 95 % interval +5.1 to +8.1.'


def printed(text: str, width: int, *, terminal: bool) -> list[str]:
    file = io.StringIO()
    print_sentence(Console(file=file, width=width, force_terminal=terminal, highlight=False, color_system=None), text)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 50, 20])
def test_a_terminal_gets_whole_words_on_every_line(width: int) -> None:
    lines = printed(VERDICT, width, terminal=True)
    assert max(map(len, lines)) <= width
    assert [word for line in lines for word in line.split()] == VERDICT.split()


@pytest.mark.parametrize("width", [80, 50])
def test_a_pipe_gets_one_line(width: int) -> None:
    assert printed(VERDICT, width, terminal=False) == [VERDICT]


def test_a_word_longer_than_the_line_is_not_lost() -> None:
    assert "".join(printed("x" * 130, 50, terminal=True)) == "x" * 130


def test_what_steers_a_terminal_is_escaped() -> None:
    assert printed("a [bold]class[/bold] \x1b[2J", 80, terminal=True) == ["a [bold]class[/bold] \\x1b[2J"]
