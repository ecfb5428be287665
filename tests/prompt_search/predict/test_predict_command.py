"""`predict`: every kind of input, every format, and nothing lost without a word."""

import csv
import io
import json
from pathlib import Path

import pytest
from pyarrow import parquet

import prompt_search
from evaluators import OpenClipModel
from prompt_search.cli.main import run_program
from tests.prompt_search.exports.exported import CLASSES, OWN_TEXTS, pictures, prompts_file

Output = pytest.CaptureFixture[str]


@pytest.fixture
def run(tmp_path: Path, tiny_clip: str) -> str:
    return str(prompts_file(tmp_path / "run", OWN_TEXTS, OpenClipModel(tiny_clip)).parent)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "inner").mkdir(parents=True)
    for i, picture in enumerate(pictures()):
        picture.save((folder if i < 6 else folder / "inner") / f"{i:02}.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_the_classifier_s_predictions(run: str, folder: Path, capsys: Output) -> None:
    assert run_program(["predict", run, str(folder), "--as", "csv", "--top", "2"]) == 0
    told = rows(capsys.readouterr().out)
    best = [row for row in told if row["rank"] == "1"]
    classifier = prompt_search.load(run)
    paths = [row["image"] for row in best]
    assert len(told) == 24
    assert sorted(paths) == sorted(map(str, folder.rglob("*.png")))
    assert [row["class"] for row in best] == list(classifier.predict(paths))
    wanted = classifier.predict_proba(paths).max(axis=1)
    assert [float(row["probability"]) for row in best] == pytest.approx(list(wanted), abs=1e-6)


def test_json_lines_hold_the_likeliest_classes(run: str, folder: Path, capsys: Output) -> None:
    assert run_program(["predict", run, str(folder / "00.png"), "--as", "jsonl", "--top", "9"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert len(line["classes"]) == len(CLASSES)
    assert sum(each["probability"] for each in line["classes"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl", "p.parquet", "p.txt"])
def test_the_ending_of_the_file_says_the_format(name: str, run: str, folder: Path, capsys: Output) -> None:
    out = folder.parent / "out" / name
    assert run_program(["predict", run, f"{folder}/**/*.png", "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    held = parquet.read_table(out).num_rows if name == "p.parquet" else len(out.read_text().splitlines())
    assert held == (13 if name == "p.csv" else 12)
    assert [each.name for each in out.parent.iterdir()] == [name]


def test_broken_pictures_are_named_and_left_out(run: str, folder: Path, capsys: Output) -> None:
    (folder / "03.png").write_bytes(b"broken")
    assert run_program(["predict", run, str(folder), "--as", "csv"]) == 0
    told = capsys.readouterr()
    assert len(rows(told.out)) == 11
    assert "left out" in told.err
    assert "03.png" in told.err.replace("\n", "")


def test_paths_come_from_standard_input(
    run: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{folder / '00.png'}\n\n{folder / 'gone.png'}\n"))
    assert run_program(["predict", run, "-", "--as", "csv"]) == 0
    told = capsys.readouterr()
    assert [row["image"] for row in rows(told.out)] == [str(folder / "00.png")]
    assert "No such file" in told.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere/*.png"], "no picture in it or of this pattern"),
        (["-", "a.png"], "nothing beside it"),
        (["images", "--as", "parquet"], "name a file with --out"),
        (["images", "--out", "x.xls"], "say which with --as"),
    ],
)
def test_mistakes_are_told_before_a_model_is_loaded(
    arguments: list[str], complaint: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.chdir(folder.parent)
    assert run_program(["predict", "no_such_run", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_when_nothing_could_be_read_nothing_is_written(run: str, folder: Path, capsys: Output) -> None:
    (folder / "x.png").write_bytes(b"broken")
    assert run_program(["predict", run, str(folder / "x.png"), "--as", "jsonl"]) == 2
    assert "none of the images could be read" in capsys.readouterr().err
