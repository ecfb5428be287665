"""`report` on folders in every state."""

import json
from pathlib import Path

from tests.prompt_search.cli.conftest import Run
from tests.prompt_search.report.recorded_run import record_run

NAMES = ["cat", "dog", "owl"]


def test_the_report_of_a_run_is_written_into_its_folder_or_where_it_is_told(program: Run, place: Path) -> None:
    record_run(place / "run", NAMES)
    assert program("report", "run").stdout.strip() == "run/report.html"
    assert "<img" in (place / "run" / "report.html").read_text()
    assert program("report", "run", "--out", "mine.html", "--no-images").stdout.strip() == "mine.html"
    assert "<img" not in (place / "mine.html").read_text()


def test_a_run_without_images_has_a_report_without_them(program: Run, place: Path) -> None:
    path = record_run(place / "run", NAMES) / "run.json"
    content = json.loads(path.read_text())
    content["arguments"]["images"] = False
    path.write_text(json.dumps(content))
    program("report", "run")
    assert "<img" not in (place / "run" / "report.html").read_text()


def test_several_runs_make_one_page_whatever_their_state(program: Run, place: Path) -> None:
    record_run(place / "one", NAMES)
    record_run(place / "two", NAMES, until="searched")
    assert program("report", "one", "two").stdout.strip() == "comparison.html"
    html = (place / "comparison.html").read_text()
    assert "2 runs side by side" in html
    assert "not finished" in html


def test_a_dead_run_has_a_report_and_stays_as_it_is(program: Run, place: Path) -> None:
    journal = record_run(place / "run", NAMES, until="searched") / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"event": "ask", "ke')  # where the power went
    before = journal.read_bytes()
    program("report", "run")
    assert journal.read_bytes() == before
    assert "Not finished" in (place / "run" / "report.html").read_text()


def test_what_holds_no_run_is_an_error_in_a_sentence(program: Run, place: Path) -> None:
    assert "holds no run" in program("report", "images", check=2).stderr
    record_run(place / "one", NAMES)
    assert "holds no run" in program("report", "one", "nowhere", check=2).stderr
    assert not (place / "comparison.html").exists()
