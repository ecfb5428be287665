"""`--decode`: in every command that reads images."""

from pathlib import Path

import pytest

from prompt_search.cli.main import run_program
from tests.prompt_search.data.pictures_on_disk import write_classes

COMMANDS = ("run", "score", "compare", "transfer", "predict", "data")


@pytest.mark.parametrize("command", COMMANDS)
def test_another_way_is_refused_with_those_there_are(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    positional = {"compare": ["a", "b", "photos"], "run": ["photos"], "data": ["photos"]}.get(command, ["a", "photos"])
    assert run_program([command, *positional, "--decode", "quick"]) == 2
    told = capsys.readouterr().err
    assert all(word in told for word in ("--decode", "quick", "exact", "fast"))


@pytest.mark.parametrize("way", ["exact", "fast"])
def test_both_ways_are_taken(way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_classes(tmp_path / "data", {"cat": 6, "dog": 6})
    assert run_program(["data", str(folder), "--decode", way, "--cache-dir", str(tmp_path)]) == 0
    assert "look the same" in capsys.readouterr().out
