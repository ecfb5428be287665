"""The append-only record."""

import json
from pathlib import Path

import pytest

from optimizers import Message, Reply, Request
from prompt_search.errors import RunError, RunMismatch
from prompt_search.run.journal.event_lines import Record, as_line, read_line
from prompt_search.run.journal.events import (
    Asked,
    Ended,
    Event,
    Logged,
    Question,
    Reopened,
    Replied,
    ScoredCandidates,
    WinnerChosen,
)
from prompt_search.run.journal.journal import JOURNAL, Journal, read_records, without_void
from prompt_search.run.journal.json_shape import ShapeError
from prompt_search.run.money.budget import Budget
from prompt_search.testing.scripted_search import plain_score


def write(folder: Path, *messages: str) -> None:
    with Journal(folder) as journal:
        for message in messages:
            log(journal, message)


def log(journal: Journal, message: str) -> str:
    return journal.event(Logged, message, lambda: Logged(message=message)).message


def messages(path: Path) -> list[str]:
    return [record.event.message for record in read_records(path) if isinstance(record.event, Logged)]


def never() -> Logged:
    pytest.fail("made again")


def test_an_event_is_made_once_and_then_recalled(tmp_path: Path) -> None:
    write(tmp_path, "1", "2")
    with Journal(tmp_path) as journal:
        assert [journal.event(Logged, key, never).message for key in ("1", "2")] == ["1", "2"]
        assert not journal.replaying
        assert log(journal, "3") == "3"
    assert messages(tmp_path / JOURNAL) == ["1", "2", "3"]


def test_a_replay_that_differs_names_the_file_of_the_run_and_not_the_copy(tmp_path: Path) -> None:
    with Journal(tmp_path / "run") as journal:
        journal.event(Logged, "key", lambda: Logged(message="first"))
    records = read_records(tmp_path / "run" / JOURNAL)
    copy = Journal(tmp_path / "copy", records, tmp_path / "run" / JOURNAL)
    with copy, pytest.raises(RunMismatch) as caught:
        copy.event(Logged, "other key", lambda: Logged(message="second"))
    assert str(tmp_path / "run" / JOURNAL) in str(caught.value)
    assert "copy" not in str(caught.value)


def test_another_event_than_the_recorded_is_a_mismatch(tmp_path: Path) -> None:
    write(tmp_path, "1")
    with Journal(tmp_path) as journal:
        with pytest.raises(RunMismatch, match="event 1"):
            journal.event(Logged, "9", never)
        with pytest.raises(RunMismatch, match="records 'log' as event 1, where this run comes to 'winner'"):
            journal.event(WinnerChosen, "1", lambda: WinnerChosen(name="x"))


def test_a_line_cut_off_at_any_byte_costs_that_line_only(tmp_path: Path) -> None:
    write(tmp_path, "1", "2")
    path = tmp_path / JOURNAL
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        with Journal(tmp_path) as journal:
            journal.event(Logged, "1", never)
            assert not journal.replaying
            log(journal, "7")
        assert messages(path) == ["1", "7"]


def test_what_a_power_cut_leaves_at_the_end_is_mended_like_a_torn_line(tmp_path: Path) -> None:
    for left in (b"\0" * 40, b"\0\0\n", b"\n", b"\n \n\t\n", b'{"event": "lo\0\0\0', b"\0\n\0\n\n{"):
        (tmp_path / JOURNAL).unlink(missing_ok=True)
        write(tmp_path, "1")
        path = tmp_path / JOURNAL
        sound = path.read_bytes()
        path.write_bytes(sound + left)
        assert messages(path) == ["1"], left
        assert path.read_bytes() == sound + left, "who only reads changes nothing"
        with Journal(tmp_path) as journal:
            journal.event(Logged, "1", never)
            log(journal, "2")
        assert path.read_bytes().startswith(sound), left
        assert messages(path) == ["1", "2"], left


def test_an_empty_line_in_the_middle_is_damage(tmp_path: Path) -> None:
    write(tmp_path, "1")
    path = tmp_path / JOURNAL
    path.write_bytes(path.read_bytes() + b"\n" + path.read_bytes())
    with pytest.raises(RunError, match="line 2 is damaged"):
        read_records(path)


def test_a_recorded_event_that_does_not_fit_the_run_is_an_error_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "1", "2")
    with Journal(tmp_path) as journal:
        for key in ("1", "2"):
            journal.event(Logged, key, never)
        journal.expect("message", holds=True)
        with pytest.raises(RunError, match="line 2 is damaged: 'message' of 'log' does not fit this run; start again"):
            journal.expect("message", holds=False)


def test_a_copy_records_what_it_recalls(tmp_path: Path) -> None:
    write(tmp_path / "one", "1", "2")
    with Journal(tmp_path / "two", source=read_records(tmp_path / "one" / JOURNAL)) as journal:
        for key in ("1", "2"):
            journal.event(Logged, key, never)
    assert messages(tmp_path / "two" / JOURNAL) == ["1", "2"]


def asked(refused: int, text: str = "") -> Asked:
    reply = Replied.of(Reply(text, "budget" if refused else "stop"))
    question = Question.of(Request((Message("user", "Describe a cat."),)), 1)
    return Asked(
        refused=refused,
        reached="max_calls" if refused else None,
        limit=3 if refused else None,
        needed=None,
        samples=("s",),
        requests=(question,),
        replies=(reply,),
        usd=None,
    )


def test_a_reopening_undoes_everything_from_the_first_event_cut_short() -> None:
    def recorded(*events: Event) -> list[Record]:
        return [Record("", event) for event in events]

    end = [WinnerChosen(name="a"), Ended(winner="a")]
    before = recorded(asked(0), asked(1), *end)
    assert without_void([*before, *recorded(Reopened(budget=Budget()), asked(0, "more"))]) == recorded(
        asked(0), asked(0, "more")
    )
    assert without_void(before) == before


def test_an_unwritable_folder_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="can't be used"):
        Journal(tmp_path / "file" / "run")


def test_events_are_one_line_of_plain_ascii_json_each(tmp_path: Path) -> None:
    text = "line\nbreak \u2028 and \ud800"
    write(tmp_path, text)
    lines = (tmp_path / JOURNAL).read_bytes().split(b"\n")
    assert len(lines) == 2
    assert json.loads(lines[0])["message"] == text
    assert messages(tmp_path / JOURNAL) == [text]


def test_a_candidate_is_recorded_by_what_it_changes_in_the_first() -> None:
    score = plain_score(0.5)
    ids = [f"c{i}" for i in range(6)]
    first = {"templates": ["a {}"], "texts": dict.fromkeys(ids[:5], "l1")}
    contents = [
        first,
        {"templates": ["a {}"], "texts": {**first["texts"], "c2": "l2"}},  # type: ignore[dict-item]
        {"templates": ["the {}"], "texts": {i: "l1" for i in ids if i != "c0"}},
        {"templates": ["a {}"], "texts": dict.fromkeys(ids, "l3")},
    ]
    event = ScoredCandidates.of(contents, {}, [], (), [score] * 4)
    assert event.candidates[1] == {"templates": ["a {}"], "changes": {"c2": "l2"}}
    assert event.candidates[2] == {"templates": ["the {}"], "changes": {"c0": None, "c5": "l1"}}
    assert event.candidates[3] == contents[3]
    read = read_line(as_line("key", event, "now"), 1, None).event
    assert isinstance(read, ScoredCandidates)
    assert [read.content(number) for number in range(4)] == contents


@pytest.mark.parametrize(
    "candidates",
    [[{"templates": [], "changes": {}}], [{"texts": {}}, {}], [{"texts": {}}, {"changes": 3}],
     [{"texts": {}}, {"changes": {}, "texts": {}}], [{"texts": 1}]],
)  # fmt: skip
def test_a_candidate_without_texts_is_a_damaged_line(candidates: list[dict[str, object]]) -> None:
    line = as_line("key", ScoredCandidates(texts=(), products=(), lists={}, candidates=(), scores=()), "now")
    content = json.loads(line) | {"candidates": candidates, "scores": [plain_score(0.5).to_json()] * len(candidates)}
    with pytest.raises(ShapeError, match="not one of 'texts' and 'changes'"):
        read_line(json.dumps(content).encode(), 1, None)
