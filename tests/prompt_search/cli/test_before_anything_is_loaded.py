"""Help and mistakes cost nothing: what is heavy is imported when it is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import prompt_search
from evaluators import FITNESS_PRESETS
from optimizers import STRATEGIES

PROGRAM = """
import json, sys
from prompt_search.cli.main import run_program
code = run_program(sys.argv[1:])
print()
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""
LOADED_FOR_IMAGES = {
    "torch",
    "torchvision",
    "open_clip",
    "datasets",
    "PIL",
    "pandas",
    "pyarrow",
    "timm",
    "transformers",
}
CLIENTS = {"openai", "litellm", "xllamacpp", "httpx", "mlflow", "wandb"}
SHOWING = {"matplotlib", "IPython", "jinja2", "rich"}
ARRAYS = {"numpy", "scipy", "sklearn"}


def started(place: Path, *arguments: str, before: str = "") -> tuple[int, set[str], str, str]:
    """Exit code, top-level modules imported at the end, standard output and error; `before` is run first."""
    program = before + PROGRAM
    done = subprocess.run([sys.executable, "-c", program, *arguments], cwd=place, capture_output=True, text=True)
    printed, _, last = done.stdout.rstrip().rpartition("\n")
    code, modules = json.loads(last)
    return code, set(modules), printed, done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["cache", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    code, modules, printed, _ = started(tmp_path, *arguments)
    assert code == 0
    assert printed
    assert modules & (LOADED_FOR_IMAGES | CLIENTS | SHOWING | ARRAYS) == set()


def test_without_a_driver_the_doctor_does_not_import_torch_to_find_no_gpu(tmp_path: Path) -> None:
    no_driver = "from prompt_search import doctor; doctor._has_gpu_driver = lambda: False\n"
    code, modules, printed, _ = started(tmp_path, "doctor", "--cache-dir", "cache", before=no_driver)
    assert code == 0
    assert "ok  devices" in printed
    assert modules & (LOADED_FOR_IMAGES | CLIENTS) <= {"PIL", "httpx"}  # the latter reads proxies and certificates


def test_the_package_is_the_program_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "prompt_search", "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"prompt-search {prompt_search.__version__}\n"


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (["--fitness", "top1"], "there is no fitness 'top1'"),
        (["--strategy", "cuple"], "did you mean 'cupl'"),
        (["--set", "sample=2"], "did you mean 'samples'"),
        (["--strategy", "cupl", "--set", "cuppl.samples=2"], "did you mean cupl.samples?"),
        (["--set", "samples=many"], "must be a whole number"),
        (["--fitness", "acuracy"], "did you mean 'accuracy'"),
        (["--set", "glov.steps=2"], "'glov' is not among the strategies"),
        (["--llm", "opnai/gpt"], "Did you mean 'openai/gpt'"),
        (["--llm", "lokal"], "Did you mean 'local'"),
        (["--llm", "gguf:nowhere.gguf"], "nowhere.gguf can't be read"),
    ],
)
def test_a_mistake_is_told_before_torch_a_model_or_an_image_is_loaded(
    tmp_path: Path, mistake: list[str], told: str
) -> None:
    code, modules, _, said = started(tmp_path, "run", "photos", *mistake)
    assert code == 2
    assert told in said
    assert modules & (LOADED_FOR_IMAGES | CLIENTS) == set()


@pytest.mark.parametrize("mistake", [["--fitness", "top1"], ["--set", "sample=2"], ["--llm", "opnai/gpt"]])
def test_a_dry_run_tells_mistakes_as_early(tmp_path: Path, mistake: list[str]) -> None:
    code, modules, _, said = started(tmp_path, "run", "photos", "--dry-run", *mistake)
    assert code == 2
    assert "error: " in said
    assert "loading" not in said
    assert modules & (LOADED_FOR_IMAGES | CLIENTS) == set()


@pytest.mark.parametrize("columns", ["80", "50"])
def test_the_help_of_run_is_grouped_and_names_strategies_and_fitness_presets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    _, _, printed, _ = started(tmp_path, "run", "--help")
    groups = [line.rstrip(":") for line in printed.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert [group.partition(" (")[0] for group in groups] == [
        "Arguments",
        "Images and model",
        "Search",
        "Language model",
        "Limits",
        "What is shown and kept",
        "How it is run",
        "Options",
    ]
    whole = "".join(printed.split())
    for name in (*STRATEGIES, *FITNESS_PRESETS):
        assert name in whole
    assert "…" not in printed
    assert printed.partition("\nOptions:\n")[2].split() == ["-h,", "--help", "Show", "this", "message", "and", "exit."]
