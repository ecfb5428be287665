"""A bench in a folder of its own: small pictures, a tiny model, a scripted language model."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluators import ImageTextModel
from prompt_search.bench.bench import Bench
from prompt_search.bench.bench_file import read_bench
from prompt_search.run.resources import Resources
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import paint, plausible

FILE = """
title = "A small bench"
seeds = 2
shots = 3

[budget]
max_calls = 9

[settings]
max_useless = 0

[data.colours]
source = "images"

[strategies.hill-climb]
set = { iterations = 2, pool = 4 }

[strategies."cupl + hill-climb"]
run = ["cupl", "hill-climb"]
set = { cupl = { samples = 1 }, hill-climb = { iterations = 1, pool = 3 } }
"""

Open = Callable[..., Bench]


def opened(place: Path, out: Path, model: ImageTextModel, llm: object, text: str = FILE) -> Bench:
    """A bench of the images in `place`, with its runs in `out`."""
    path = place / "small.toml"
    path.write_text(text)
    resources = Resources(cache_dir=out.parent / "cache")  # replies of another test would make this one silent
    return Bench(read_bench(path), out, resources=resources, model=model, llm=llm)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures."""
    folder = tmp_path_factory.mktemp("bench")
    paint(folder / "images")
    return folder


@pytest.fixture(scope="session")
def finished(place: Path, tiny_model: ImageTextModel) -> Path:
    """What the bench above leaves; to be copied, not changed."""
    opened(place, place / "finished", tiny_model, ScriptedModel(plausible)).execute()
    return place / "finished"


@pytest.fixture
def open_bench(place: Path, tmp_path: Path, tiny_model: ImageTextModel) -> Open:
    """The bench above, or another text, with a language model that answers or one that is given; nothing is run yet."""

    def bench(text: str = FILE, llm: object = None) -> Bench:
        return opened(place, tmp_path / "out", tiny_model, llm or ScriptedModel(plausible), text)

    return bench


@pytest.fixture
def done(open_bench: Open, finished: Path) -> Bench:
    """The bench above, all runs finished, in a folder of its own."""
    bench = open_bench()
    shutil.copytree(finished, bench.folder)
    return bench


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a bench file."""

    def write(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write
