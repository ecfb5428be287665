"""What two folders of one run differ in."""

import json
from pathlib import Path

import pytest

from benchmarks.same_bytes import differing


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name, time in (("then", "1"), ("now", "2")):
        (tmp_path / name).mkdir()
        events = [
            {"event": "ask", "key": "a", "time": time},
            {"event": "end", "key": "", "time": time, "seconds": time},
        ]
        (tmp_path / name / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
        (tmp_path / name / "prompts.json").write_text("{}")
        (tmp_path / name / "run.json").write_text(time)
    return tmp_path / "then", tmp_path / "now"


def test_times_are_no_difference(folders: tuple[Path, Path]) -> None:
    assert differing(*folders) == []


def test_a_changed_event_and_a_changed_file_are_named(folders: tuple[Path, Path]) -> None:
    then, now = folders
    (now / "prompts.json").write_text("{} ")
    text = (now / "journal.jsonl").read_text()
    (now / "journal.jsonl").write_text(text.replace('"key": "a"', '"key": "b"'))
    lines = differing(then, now)
    assert lines[0].startswith("journal, line 1: ")
    assert lines[1] == "prompts.json differs"


def test_missing_files_and_lines_are_named(folders: tuple[Path, Path]) -> None:
    then, now = folders
    (now / "prompts.json").unlink()
    (then / "journal.jsonl").write_text((then / "journal.jsonl").read_text().splitlines(keepends=True)[0])
    assert differing(then, now) == ["journal: 1 lines then, 2 now", "prompts.json is only there then"]
