"""`docs/run_folder.md` tells what a run folder holds."""

import re
from dataclasses import fields
from pathlib import Path

from pyarrow import parquet

from prompt_search.report.predictions import PREDICTIONS
from prompt_search.run.journal.events import KINDS
from tests.prompt_search.conftest import World

PAGE = (Path(__file__).parents[3] / "docs" / "run_folder.md").read_text(encoding="utf-8")


def test_the_page_has_every_kind_of_event_with_its_fields_in_order() -> None:
    sections = re.split(r"^### `(.+)`$", PAGE, flags=re.MULTILINE)[1:]
    told = dict(zip(sections[::2], sections[1::2], strict=True))
    assert sorted(told) == sorted(KINDS)
    for kind, event in KINDS.items():
        assert re.findall(r"^- `(\w+)`: \S", told[kind], flags=re.MULTILINE) == [each.name for each in fields(event)]


def first_column(part: str) -> list[str]:
    """Of the table under a heading of the page."""
    section = PAGE.partition(f"## {part}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \| ", section, flags=re.MULTILINE)


def test_the_page_has_every_column_of_the_predictions_in_order(world: World) -> None:
    assert first_column("Predictions") == parquet.read_schema(world.run().folder / PREDICTIONS).names


def test_the_page_has_every_file_of_a_finished_run(world: World) -> None:
    told = set(first_column("Files"))
    found = {path.name for path in world.run().folder.iterdir()}
    assert "journal.jsonl" in found
    assert found <= told
    assert told - found <= {"probe.safetensors", "completions.sqlite", "completions.sqlite.lock", "exports/"}
