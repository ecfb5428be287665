"""A bench in a folder of its own: small pictures, a tiny model, a scripted language model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_search.bench.bench import Bench
from prompt_search.bench.bench_file import read_bench
from prompt_search.run.resources import Resources
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import World, plausible

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


@pytest.fixture
def open_bench(world: World) -> Open:
    """The bench above, or another text, with a language model that answers or one that is given."""

    def opened(text: str = FILE, llm: object = None) -> Bench:
        path = world.folder / "small.toml"
        path.write_text(text)
        model = ScriptedModel(plausible) if llm is None else llm
        resources = Resources(cache_dir=world.folder / "cache")
        return Bench(read_bench(path), world.folder / "out", resources=resources, model=world.model, llm=model)  # type: ignore[arg-type]

    return opened


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a bench file."""

    def write(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write
