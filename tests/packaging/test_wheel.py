"""The wheel: what is in it, and whether it does the demo's job in an environment that holds nothing else."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import prompt_search
from prompt_search.prompt_files.classifier import read_classifier
from prompt_search.prompt_files.prompts_json import read_prompts_json
from tests.examples.bundled_photos import with_language_model

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = {"evaluators", "optimizers", "prompt_search"}
DIST_INFO = f"prompt_search-{prompt_search.__version__}.dist-info"
LARGEST_WHEEL = 30 * 10**6
UV = [sys.executable, "-m", "uv"]


def carried_out(*command: str | Path, cwd: Path, check: int = 0, **environment: str) -> str:
    """What a command prints, without anything of this environment in its own."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == check, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout as git has it: a build leaves files behind, and left-over files get into wheels."""
    anywhere = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")
    at_the_top = shutil.ignore_patterns("build", "dist", "cache", "runs", "work")  # a package is called cache, too

    def left_over(folder: str, names: list[str]) -> set[str]:
        return anywhere(folder, names) | (at_the_top(folder, names) if Path(folder) == CHECKOUT else set())

    return Path(shutil.copytree(CHECKOUT, tmp_path_factory.mktemp("wheel") / "source", ignore=left_over))


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """The built wheel."""
    carried_out(*UV, "build", "--wheel", "--python", sys.executable, "--out-dir", source.parent, cwd=source)
    (built,) = source.parent.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """The files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path, names: set[str]) -> Message:
    """The wheel's METADATA."""
    (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        return Parser().parsestr(archive.read(path).decode())


@pytest.fixture(scope="module")
def environment(wheel: Path) -> Iterator[Path]:
    """A new virtual environment with the wheel and what it depends on; deleted, since it may hold gigabytes."""
    # Below the checkout and not in /tmp, which may be memory: here uv can link files from its cache.
    (CHECKOUT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="wheel-test-", dir=CHECKOUT / "build") as folder:
        carried_out(sys.executable, "-m", "venv", "--without-pip", folder, cwd=wheel.parent)
        constraints = CHECKOUT / "constraints.txt"
        tested = ["--constraint", str(constraints)] if constraints.exists() else []
        carried_out(*UV, "pip", "install", "--python", f"{folder}/bin/python", *tested, wheel, cwd=wheel.parent)
        yield Path(folder)


def test_the_wheel_holds_the_three_packages_and_nothing_else(names: set[str], source: Path) -> None:
    contents = {name for name in names if ".dist-info/" not in name}
    files = (path for package in PACKAGES for path in (source / package).rglob("*") if path.is_file())
    assert contents == {path.relative_to(source).as_posix() for path in files}
    assert {name.partition("/")[0] for name in names - contents} == {DIST_INFO}


@pytest.mark.parametrize(
    "needed",
    [
        *(f"{package}/py.typed" for package in sorted(PACKAGES)),
        "prompt_search/report/report.html.jinja",
        "prompt_search/report/style.css.jinja",
        "prompt_search/testbed/mini-clip/open_clip_config.json",
        "prompt_search/testbed/mini-clip/open_clip_model.safetensors",
        "prompt_search/testbed/photos.parquet",
        "prompt_search/testbed/emoji.parquet",
        "prompt_search/testbed/DATA.md",
        "prompt_search/testbed/licenses/Apache-2.0.txt",
        "prompt_search/testbed/licenses/open_clip-MIT.txt",
        f"{DIST_INFO}/licenses/LICENSE",
    ],
)
def test_the_wheel_holds_what_code_alone_would_miss(names: set[str], needed: str) -> None:
    assert needed in names


def test_the_wheel_is_small_enough_to_be_passed_around(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST_WHEEL


def test_the_metadata_tell_license_and_requirements(metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert not [need for need in metadata.get_all("Requires-Dist", []) if need.startswith(("pytest", "mypy", "ruff"))]


def test_every_provider_and_its_prices_come_with_it(metadata: Message) -> None:
    needs = {re.split(r"[<>=;\[ ]", need)[0]: need for need in metadata.get_all("Requires-Dist", [])}
    assert "extra ==" not in needs["litellm"]
    # Its own transport is replaced at one place, which the next version may move: the newest tested one is a bound.
    assert "<" in needs["litellm"]
    assert "litellm" not in metadata.get_all("Provides-Extra", [])


@pytest.mark.heavy
def test_the_installed_wheel_does_the_job_of_the_demo(environment: Path, tmp_path: Path) -> None:
    cache = str(with_language_model(tmp_path / "cache"))
    demo = ("demo", "--max-calls", "12", "--out", "out")
    program = environment / "bin" / "prompt-search"
    printed = carried_out(program, *demo, cwd=tmp_path, check=3, PROMPT_SEARCH_CACHE=cache, COLUMNS="120")
    for expected in (
        "names only",
        "80 general templates",
        "winner",
        "placebo",
        "12 language model calls",
        "stopped early",
    ):
        assert expected in printed
    prompts = read_prompts_json(tmp_path / "out" / "prompts.json").prompts
    weights, scale, about = read_classifier(tmp_path / "out" / "classifier.safetensors")
    assert weights.shape[1] == len(prompts.classes) == 10
    assert scale > 1
    assert about["prompts_sha256"] == prompts.fingerprint


@pytest.mark.heavy
def test_the_price_of_a_provider_is_known_without_another_step(environment: Path, tmp_path: Path) -> None:
    code = "from prompt_search.llm.prices import known_price; print(known_price('openai/gpt-4o-mini'))"
    assert carried_out(environment / "bin" / "python", "-c", code, cwd=tmp_path) == "Price(input=0.15, output=0.6)\n"


@pytest.mark.heavy
def test_what_is_installed_is_the_wheel_and_not_the_checkout(environment: Path, tmp_path: Path) -> None:
    modules = "evaluators.__file__, optimizers.__file__, p.__file__"
    code = f"import evaluators, optimizers, prompt_search as p; print({modules}, sep=chr(10))"
    files = carried_out(environment / "bin" / "python", "-c", code, cwd=tmp_path).splitlines()
    assert len(files) == 3
    assert all(Path(file).is_relative_to(environment / "lib") for file in files)
