"""Devices reach encoding and scoring from the library and the command line, and change nothing that a run comes to."""

from pathlib import Path

import pytest

import prompt_search
from evaluators.models.shared_out_model import SharedOutModel
from optimizers import Cupl
from prompt_search import Resources, RunConfig
from prompt_search.cli.main import run_program
from prompt_search.errors import ModelError, SettingsError
from prompt_search.models import load_model
from prompt_search.report.result import Result
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import paint, plausible


def found(tmp_path: Path, tiny_clip: str, out: str, device: str | tuple[str, ...]) -> Result:
    return prompt_search.optimize(
        paint(tmp_path / "images"),
        model=tiny_clip,
        llm=ScriptedModel(plausible),
        strategy=Cupl(samples=2),
        out=tmp_path / out,
        config=RunConfig.of(shots=3, select_shots=3),
        resources=Resources(device=device, cache_dir=tmp_path / f"cache-{out}"),
    )


def test_a_run_on_two_devices_comes_to_the_same_bytes(tmp_path: Path, tiny_clip: str) -> None:
    one = found(tmp_path, tiny_clip, "one", "cpu")
    two = found(tmp_path, tiny_clip, "two", ("cpu", "cpu:0"))
    assert one.prompts_file.read_bytes() == two.prompts_file.read_bytes()


def test_a_run_begun_on_one_device_goes_on_with_two(tmp_path: Path, tiny_clip: str) -> None:
    found(tmp_path, tiny_clip, "run", "cpu")
    assert found(tmp_path, tiny_clip, "run", "cpu,cpu").test_reads == 1


def test_a_device_that_is_not_there_is_named_before_any_model_is_loaded(
    tmp_path: Path, tiny_clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prompt_search.models.load_model", lambda *_, **__: pytest.fail("loaded"))
    monkeypatch.setattr("prompt_search.llm.choose.language_model", lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(ModelError, match=r"there is no device 'cuda:97' here; there are: cpu"):
        found(tmp_path, tiny_clip, "run", "cuda:97")


@pytest.mark.parametrize("device", ["", "cpu,", (), 1, (1,)])
def test_what_names_no_device_is_refused(device: object) -> None:
    with pytest.raises(SettingsError, match="device must be"):
        Resources(device=device)  # type: ignore[arg-type]


def test_several_names_load_copies_and_one_name_the_model(tiny_clip: str) -> None:
    assert isinstance(load_model(tiny_clip, device="cpu, cpu"), SharedOutModel)
    assert not isinstance(load_model(tiny_clip, device=["cpu"]), SharedOutModel)


@pytest.mark.parametrize("option", ["--devices", "--device"])
def test_the_command_line_names_devices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "images")
    code = run_program(["run", "images", option, "cuda:96,cuda:97", "--strategy", "cupl", "--cache-dir", "cache"])
    assert code == 2
    assert "there is no device 'cuda:96' here; there are: cpu" in capsys.readouterr().err
