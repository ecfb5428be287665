"""`bench` on the command line."""

import json
from pathlib import Path

import pytest

from tests.prompt_search.cli.conftest import Run

FILE = """
seeds = 1
[budget]
max_calls = 4
[settings]
model = "{model}"
max_useless = 0
[data.colours]
source = "images"
[strategies.hill-climb]
set = {{ iterations = 1, pool = 3 }}
"""


@pytest.fixture
def file(place: Path, tiny_clip: str) -> Path:
    path = place / "mine.toml"
    path.write_text(FILE.format(model=tiny_clip))
    return path


def test_a_dry_run_tells_every_run_and_makes_no_folder(program: Run, file: Path) -> None:
    said = program("bench", "mine.toml", "--dry-run", "--seeds", "3").stdout
    assert "colours: hill-climb" in said
    assert "3 runs, at most 6 language model calls" in " ".join(said.split())
    assert "a run, at most" in said
    one = program("bench", "mine.toml", "--dry-run").stdout
    assert "1 run, at most 2 language model calls" in " ".join(one.split())
    assert "a run, at most" not in one
    assert not Path("runs").exists()
    plan = json.loads(program("bench", "mine.toml", "--dry-run", "--json").stdout)
    assert (plan["runs"], plan["calls"]) == (1, 2)


def test_bad_input_is_one_sentence_with_the_file_and_the_key(program: Run, file: Path) -> None:
    assert "absent.toml can't be read" in program("bench", "absent.toml", check=2).stderr
    file.write_text("[data.x]\n[strategies.cupl]\nset = { sample = 1 }\n")
    assert "mine.toml, [strategies.cupl]:" in program("bench", "mine.toml", check=2).stderr
    assert "--data takes NAME=PATH" in program("bench", "mine.toml", "--data", "x", check=2).stderr


def test_nothing_finished_is_no_table(program: Run, file: Path) -> None:
    assert "has no finished run" in program("bench", "mine.toml", "--so-far", check=1).stderr
