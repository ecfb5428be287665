"""The append-only record."""

import json
from pathlib import Path

import pytest

from prompt_search.errors import RunError, RunMismatch
from prompt_search.run.journal import JOURNAL, Event, Journal, effective, read_events


def write(folder: Path, *numbers: int) -> None:
    with Journal(folder) as journal:
        for number in numbers:
            journal.event("count", str(number), lambda number=number: {"number": number})  # type: ignore[misc]


def test_an_event_is_made_once_and_then_recalled(tmp_path: Path) -> None:
    write(tmp_path, 1, 2)
    with Journal(tmp_path) as journal:
        recalled = [journal.event("count", key, lambda: pytest.fail("made again"))["number"] for key in ("1", "2")]
        assert recalled == [1, 2]
        assert not journal.replaying
        assert journal.event("count", "3", lambda: {"number": 3})["number"] == 3
    assert [event["number"] for event in read_events(tmp_path / JOURNAL)] == [1, 2, 3]


@pytest.mark.parametrize(("kind", "key"), [("count", "9"), ("other", "1")])
def test_another_event_than_the_recorded_is_a_mismatch(tmp_path: Path, kind: str, key: str) -> None:
    write(tmp_path, 1)
    with Journal(tmp_path) as journal, pytest.raises(RunMismatch, match="event 1"):
        journal.event(kind, key, dict)


def test_a_line_cut_off_at_any_byte_costs_that_line_only(tmp_path: Path) -> None:
    write(tmp_path, 1, 2)
    path = tmp_path / JOURNAL
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        with Journal(tmp_path) as journal:
            journal.event("count", "1", dict)
            assert not journal.replaying
            journal.event("count", "7", lambda: {"number": 7})
        assert [event["number"] for event in read_events(path)] == [1, 7]


@pytest.mark.parametrize("line", ["[]", '{"event": 3, "key": ""}', '{"key": ""}', "nonsense", '{"event": "a"}'])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / JOURNAL).write_text(f'{{"event": "a", "key": ""}}\n{line}\n')
    with pytest.raises(RunError, match="line 2 is damaged"):
        read_events(tmp_path / JOURNAL)


def test_a_copy_records_what_it_recalls(tmp_path: Path) -> None:
    write(tmp_path / "one", 1, 2)
    with Journal(tmp_path / "two", source=read_events(tmp_path / "one" / JOURNAL)) as journal:
        journal.event("count", "1", dict)
        journal.event("count", "2", dict)
    assert [event["number"] for event in read_events(tmp_path / "two" / JOURNAL)] == [1, 2]


def test_a_reopening_undoes_everything_from_the_first_event_cut_short() -> None:
    def event(kind: str, **data: object) -> Event:
        return {"event": kind, "key": "", **data}

    asked = event("ask", refused=0)
    cut = event("ask", refused=3)
    more = event("ask", refused=0, again=True)
    events = [asked, cut, event("winner"), event("end"), event("reopened"), more]
    assert effective(events) == [asked, more]
    assert effective(events[:4]) == events[:4]


def test_an_unwritable_folder_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="can't be used"):
        Journal(tmp_path / "file" / "run")


def test_events_are_one_line_of_plain_ascii_json_each(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.event("log", "k", lambda: {"message": "line\nbreak \u2028 and \ud800"})
    lines = (tmp_path / JOURNAL).read_bytes().split(b"\n")
    assert len(lines) == 2
    assert json.loads(lines[0])["message"] == "line\nbreak \u2028 and \ud800"
