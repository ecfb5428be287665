"""What is wrong with arguments is told before a model is loaded: by a run, by its plan, and by `score`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_search.errors import InputError
from prompt_search.run.config import RunConfig, StrategyChoice
from prompt_search.run.resources import Resources
from prompt_search.run.run import Run
from prompt_search.score_file import score

Start = Callable[[RunConfig], object]


class Loaded(Exception):
    """A model would have been loaded."""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an images' folder, where every model that is asked for raises `Loaded`."""

    def refuse(*_: object, **__: object) -> None:
        raise Loaded

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("prompt_search.models.load_model", refuse)
    monkeypatch.setattr("prompt_search.prompt_data.load_model", refuse)
    monkeypatch.setattr("prompt_search.prompt_data.load_prompt_model", refuse)
    (tmp_path / "images").mkdir()
    (tmp_path / "good.txt").write_text("a {}.")
    (tmp_path / "names.json").write_text('{"0": "cat"}')
    (tmp_path / "broken.json").write_text('{"0": ')
    (tmp_path / "images.zip").write_bytes(b"PK")
    return tmp_path


def run(config: RunConfig) -> object:
    return Run(config, "out", resources=Resources(cache_dir="cache")).execute()


def plan(config: RunConfig) -> object:
    return Run(config, "out", resources=Resources(cache_dir="cache")).plan()


GOOD = RunConfig.of("images", llm="m", base_url="http://127.0.0.1:9/v1", baseline=["good.txt"], classes="names.json")
BAD = [
    (GOOD.having({"source": "nowhere"}), "nowhere does not exist; give a folder"),
    (GOOD.having({"source": "photo"}), "did you mean 'photos'"),
    (GOOD.having({"source": "images.zip"}), "images.zip is none of these; give a folder of images"),
    (GOOD.having({"classes": "gone.json"}), "gone.json is no file; give one, or ids with commas"),
    (GOOD.having({"classes": "broken.json"}), "broken.json is not valid JSON"),
    (GOOD.having({"baseline": ("good.txt", "gone.txt")}), "gone.txt can't be read: No such file"),
    (GOOD.having({"start": ("gone.json#pets",)}), "gone.json can't be read: No such file"),
    (GOOD.having({"start": ("images",)}), "prompts.json can't be read: No such file"),
    (GOOD.having({"baseline": ("broken.json",)}), "broken.json is not"),
    (GOOD.having({"fitness": "top2"}), "there is no fitness 'top2'; did you mean 'top1-fitted-ce'"),
    (GOOD.having({"strategies": (StrategyChoice("hill-clim"),)}), "did you mean 'hill-climb'"),
    (GOOD.having({"strategies": (StrategyChoice("cupl", (("samples", "many"),)),)}), "it must be a whole number"),
    (GOOD.having({"name": "locl", "base_url": None}), "Did you mean 'local'"),
    (GOOD.having({"name": "opnai/gpt-4o-mini", "base_url": None}), "Did you mean 'openai/gpt-4o-mini'"),
    (GOOD.having({"name": "local"}), "a base URL needs the name of a model"),
]


@pytest.mark.parametrize("start", [run, plan])
@pytest.mark.parametrize(("config", "complaint"), BAD, ids=[complaint for _, complaint in BAD])
def test_a_mistake_is_told_before_a_model_is_loaded(start: Start, config: RunConfig, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        start(config)


@pytest.mark.parametrize("start", [run, plan])
def test_good_arguments_get_as_far_as_the_model(start: Start) -> None:
    with pytest.raises(Loaded):
        start(GOOD)
    with pytest.raises(Loaded):
        start(GOOD.having({"source": "bundled:photos", "baseline": (), "start": ("good.txt",)}))


@pytest.mark.parametrize(
    ("prompts", "data", "classes", "complaint"),
    [
        ("good.txt", "nowhere", None, "nowhere does not exist"),
        ("gone.txt", "images", None, "gone.txt can't be read: No such file"),
        ("gone.json#pets", "images", None, "gone.json can't be read: No such file"),
        ("good.txt", "images", Path("gone.json"), "gone.json is no file; give one, or ids with commas"),
    ],
)
def test_score_tells_it_before_a_model_is_loaded_too(
    prompts: str, data: str, classes: Path | None, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        score(prompts, data, classes=classes)


def test_score_gets_as_far_as_the_model_with_what_is_there() -> None:
    with pytest.raises(Loaded):
        score("good.txt", "images", classes="names.json")


def test_a_plan_needs_neither_the_key_nor_the_file_of_the_language_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for name in ("local", "gguf:gone.gguf", "openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"):
        with pytest.raises(Loaded):
            plan(GOOD.having({"name": name, "base_url": None}))
