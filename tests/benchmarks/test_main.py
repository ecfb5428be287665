"""The command runs what it is asked for, keeps it, and refuses what can't be."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import __main__ as command
from benchmarks.measure import Figure


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The devices a stand-in for the benchmark `text_encoding` was called with."""
    called: list[str] = []

    def measure(device: str) -> list[Figure]:
        called.append(device)
        return [Figure("stand-in", "nothing much", float(len(called)), "MB")]

    module = ModuleType("benchmarks.text_encoding")
    module.measure = measure  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "benchmarks.text_encoding", module)
    monkeypatch.setattr(command, "HERE", tmp_path)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "RESULTS.md")
    return called


def test_a_named_benchmark_is_printed_and_written(
    devices: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(["text_encoding", "--json", str(tmp_path / "out.json"), "--write"])
    assert devices == ["cpu"]
    assert "stand-in: nothing much" in capsys.readouterr().out
    assert json.loads((tmp_path / "out.json").read_text())["figures"][0]["value"] == 1
    assert "| stand-in: nothing much | 1 MB |  |" in (tmp_path / "RESULTS.md").read_text()


def test_a_second_call_replaces_the_kept_figure(devices: list[str], tmp_path: Path) -> None:
    for _ in range(2):
        command.main(["text_encoding", "--write"])
    assert "| 2 MB |" in (tmp_path / "RESULTS.md").read_text()
    assert "| 1 MB |" not in (tmp_path / "RESULTS.md").read_text()


def test_the_gpu_set_is_refused_without_cuda(devices: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit, match="needs a CUDA device"):
        command.main(["--set", "gpu"])
    assert devices == []


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["text_encodings"])
    assert (
        "no benchmark named text_encodings; there are calls_in_flight, demo_seeds, devices" in capsys.readouterr().err
    )


@pytest.mark.parametrize("name", sorted({*command.SETS["cpu"], *command.SETS["gpu"], *command.BY_NAME_ONLY}))
def test_every_listed_benchmark_is_there(name: str) -> None:
    source = (Path(command.__file__).parent / f"{name}.py").read_text()
    assert "\ndef measure(device: str)" in source


def test_a_bench_s_table_is_kept_and_put_on_the_page(devices: list[str], tmp_path: Path) -> None:
    bench = tmp_path / "bench-small"
    bench.mkdir()
    (bench / "table.md").write_text("# A small bench\n\n| a |\n")
    (bench / "table.csv").write_text("a\n1\n")
    command.main(["--keep", str(bench)])
    assert "## A small bench\n\n| a |" in (tmp_path / "RESULTS.md").read_text()
    assert (tmp_path / "results" / "small.csv").read_text() == "a\n1\n"
    assert devices == []
    command.main(["text_encoding", "--write"])
    assert "## A small bench" in (tmp_path / "RESULTS.md").read_text()


def test_what_is_no_bench_s_folder_is_refused(devices: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="it is no bench's folder"):
        command.main(["--keep", str(tmp_path)])
