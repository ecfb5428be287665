"""The probe of a run is exported as a matrix, and as nothing else."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from evaluators import ClassLabel, PromptSet
from evaluators.heads.linear_probe import Probe, fit_probe
from prompt_search.cli.main import run_program
from prompt_search.errors import PromptError, RunMissing, SettingsError
from prompt_search.exports.export import export
from prompt_search.prompt_files.classifier import write_classifier, write_probe
from tests.evaluators.heads.test_linear_probe import SCALE, world

CLASSES = tuple(ClassLabel(f"n{i}", name) for i, name in enumerate(["cat", "red fox", "{0}", "dog"]))
MODEL = {"name": "m", "fingerprint": "f", "precision": "fp32"}


@pytest.fixture
def probe() -> Probe:
    return fit_probe(*world(6, seed=5, noise=2.0), SCALE)


@pytest.fixture
def run(tmp_path: Path, probe: Probe) -> Path:
    """A folder with the probe of a run."""
    folder = tmp_path / "run"
    write_probe(folder / "probe.safetensors", probe.weight, SCALE, CLASSES, MODEL)
    return folder


def test_the_exported_file_gives_the_probe_s_predictions_with_safetensors_alone(run: Path, probe: Probe) -> None:
    (path,) = export(run, ["safetensors"], head="probe")
    new, _, words = world(50, seed=8, noise=2.0)
    with safe_open(path, framework="numpy") as file:
        weight, scale = file.get_tensor("weight"), file.get_tensor("logit_scale")
        about = json.loads(file.metadata()["prompt_search"])
    predicted = (float(scale) * new @ weight).argmax(axis=1)
    assert path == run / "exports" / "probe.safetensors"
    assert np.array_equal(predicted, (new @ probe.weight).argmax(axis=1))
    assert not np.array_equal(predicted, (new @ words).argmax(axis=1))
    assert [c["name"] for c in about["classes"]] == ["cat", "red fox", "{0}", "dog"]
    assert (about["head"], about["model"]) == ("linear probe", MODEL)


def test_a_probe_is_found_beside_the_prompts_and_goes_where_it_should(run: Path, tmp_path: Path) -> None:
    (path,) = export(run / "prompts.json", ["safetensors"], tmp_path / "out", head="probe")
    assert path == tmp_path / "out" / "probe.safetensors"
    assert path.read_bytes() == (run / "probe.safetensors").read_bytes()


@pytest.mark.parametrize("form", ["cupl", "open_clip", "fudd"])
def test_forms_of_texts_are_refused_and_nothing_is_written(run: Path, form: str) -> None:
    with pytest.raises(SettingsError, match=f"a probe is a matrix and has no texts, and {form} holds texts"):
        export(run, ["safetensors", form], head="probe")
    assert not (run / "exports").exists()


def test_an_unknown_head_is_refused_with_the_known_ones(run: Path) -> None:
    with pytest.raises(SettingsError, match="no head 'prob'; did you mean 'probe'"):
        export(run, ["safetensors"], head="prob")


def test_a_run_without_a_probe_says_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(RunMissing, match=r"has no probe\.safetensors.*head `prompts`"):
        export(tmp_path, ["safetensors"], head="probe")


def test_a_classifier_of_words_does_not_pass_for_a_probe(tmp_path: Path) -> None:
    words = np.ascontiguousarray(world(1, seed=1, noise=2.0)[2])
    write_classifier(tmp_path / "probe.safetensors", words, SCALE, PromptSet.of(CLASSES, ["a {}."]), MODEL)
    with pytest.raises(PromptError, match="does not say that it is a linear probe"):
        export(tmp_path, ["safetensors"], head="probe")


def test_the_command_exports_it(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["export", str(run), "--to", "safetensors", "--head", "probe"]) == 0
    assert Path("".join(capsys.readouterr().out.split("\n"))) == run / "exports" / "probe.safetensors"
    assert run_program(["export", str(run), "--to", "cupl", "--head", "probe"]) == 2
    assert "has no texts" in capsys.readouterr().err
