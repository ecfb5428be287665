"""A field of a configuration is the one home of an option."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, get_origin, get_type_hints

import pytest
from typer.testing import CliRunner

from optimizers import Cupl
from prompt_search import DataConfig, LlmConfig, RunConfig, SearchConfig, optimize
from prompt_search.errors import SettingsError
from prompt_search.llm.prices import Price
from prompt_search.run.config import StrategyChoice
from prompt_search.run.identity import identity_of
from prompt_search.run.journal.json_shape import ShapeError
from prompt_search.run.option import Option, check, options

FOUND = dict.fromkeys(
    ("data", "class names", "model", "language model", "strategies", "captions", "baselines", "start"), "found"
)
OTHER: dict[str, Any] = {
    "source": "other",
    "name": "openai/other",
    "base_url": "http://127.0.0.1:1/v1",
    "stored_as": "fp16",
    "decode": "fast",
    "precision": "bf16",
    "products": "onednn",
    "feedback": "confusions",
    "prompt_format": "cupl",
    "strategies": (StrategyChoice("cupl"),),
    "price": Price(1.0, 2.0),
}


def other_values() -> Iterator[tuple[str, Any]]:
    """For every field a value that is not its default."""
    for stated in options(RunConfig):
        plain: Any = {bool: not stated.default, int: 7, float: 0.75, str: "other"}.get(stated.kind, 7)
        if get_origin(stated.kind) is tuple:
            plain = ("other",)
        elif stated.kind == bool | None:
            plain = True
        elif stated.kind == str | None:
            plain = "other"
        yield stated.name, OTHER.get(stated.name, plain)


def test_every_field_has_a_help_and_a_default() -> None:
    for kind in (DataConfig, LlmConfig, SearchConfig, RunConfig):
        stated = {each.name: each for each in options(kind)}
        own = [f.name for f in fields(kind) if not hasattr(get_type_hints(kind)[f.name], "__dataclass_fields__")]
        assert set(own) <= stated.keys()
        assert all(each.option.help.endswith((".", "?")) for each in stated.values())


def test_what_is_written_down_is_read_back() -> None:
    config = RunConfig().having(dict(other_values()))
    assert RunConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_every_field_is_in_the_identity_or_says_what_stands_for_it() -> None:
    plain = identity_of(RunConfig(), FOUND)
    for stated in options(RunConfig):
        changed = identity_of(RunConfig().having({stated.name: dict(other_values())[stated.name]}), FOUND)
        assert (changed != plain) == (stated.option.identity is True), stated.name


def test_an_entry_that_stands_for_a_field_can_not_be_forgotten() -> None:
    with pytest.raises(KeyError, match="baselines"):
        identity_of(RunConfig(), {name: value for name, value in FOUND.items() if name != "baselines"})


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"shot": 3}, "there is no option 'shot'; did you mean 'shots'"),
        ({"shots": 0}, "shots must be at least 1, got 0"),
        ({"shots": "4"}, "shots must be a whole number or None, got '4'"),
        ({"seed": True}, "seed must be a whole number"),
        ({"stored_as": "int8"}, "stored_as must be one of fp32, fp16, got 'int8'"),
        ({"decode": "quick"}, "decode must be one of exact, fast, got 'quick'"),
        ({"prompt_format": "x"}, "prompt_format must be one of dclip, cupl"),
        ({"domain": "birds"}, "domain must be texts in a list"),
        ({"source": "emoji"}, "source is given twice"),
        ({"seed": 2**70}, "seed must be below"),
        ({"strategies": ()}, "at least one strategy"),
    ],
)
def test_what_can_not_be_used_is_named(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint.replace("(", r"\(")):
        RunConfig.of("photos", **values)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (5, "is a number, not an object"),
        ({"data": 5}, "'data' is a number, not an object"),
        ({"data": {"sauce": "x"}}, "'data.sauce' is not known"),
        ({"data": {"shots": [1]}}, "'data.shots' is a list"),
        ({"search": {"strategies": [{"name": "cupl", "settings": [["samples"]]}]}}, "has 1 entries, not 2"),
    ],
)
def test_another_shape_in_a_file_is_named(value: Any, complaint: str) -> None:
    with pytest.raises(ShapeError, match=complaint):
        RunConfig.from_json(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class WiderData(DataConfig):
    """What a stranger would do to add an option: one field."""

    crop: Annotated[int, Option("Pixels cut off at every edge.", least=0)] = 0

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WiderRun(RunConfig):
    """A configuration with that option."""

    data: WiderData = field(default_factory=WiderData)


def test_a_new_option_is_one_field(monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    from prompt_search.cli import config_options
    from prompt_search.run import identity

    for module in (config_options, identity):
        monkeypatch.setattr(module, "RunConfig", WiderRun)
    seen: list[dict[str, Any]] = []

    def command(data: str, fields: dict[str, Any]) -> None:
        """A command."""
        seen.append(fields)

    app = typer.Typer()
    app.command()(config_options.with_config_options(command))
    assert CliRunner().invoke(app, ["photos", "--crop", "3"]).exit_code == 0
    assert seen[0]["crop"] == 3
    assert "Pixels cut off" in CliRunner().invoke(app, ["--help"]).output
    assert CliRunner().invoke(app, ["photos", "--crop", "-1"]).exit_code == 2
    wider = WiderRun().having({"crop": 3})
    assert identity_of(wider, FOUND)["crop"] == 3
    assert WiderRun.from_json(json.loads(json.dumps(wider.to_json()))) == wider
    with pytest.raises(SettingsError, match="crop must be at least 0, got -1"):
        WiderData(crop=-1)


@pytest.mark.parametrize("part", ["data", "search", "llm"])
def test_a_part_that_is_a_plain_value_is_refused(part: str) -> None:
    with pytest.raises(SettingsError, match=rf"{part} must be a \w+Config, got 'photos'; RunConfig.of takes"):
        RunConfig(**{part: "photos"})  # type: ignore[arg-type]


def test_plain_values_stand_for_what_is_meant() -> None:
    config = RunConfig.of(
        "photos", strategies=["cupl"], price=(1, 2), baseline=[Path("mine.txt")], domain=["satellite"]
    )
    assert config.search.strategies == (StrategyChoice("cupl"),)
    assert config.llm.price == Price(1, 2)
    assert config.search.baseline == ("mine.txt",)


def test_the_front_door_has_at_most_ten_parameters() -> None:
    assert len(inspect.signature(optimize).parameters) == 10


def test_a_language_model_in_a_file_is_found_from_anywhere_and_a_name_stays_a_name() -> None:
    def located(name: str) -> str:
        return RunConfig.of("photos", llm=name).located(lambda path: f"/here/{path}").llm.name

    assert located("gguf:models/small.gguf") == "gguf:/here/models/small.gguf"
    assert located("openai/gpt-4o-mini") == "openai/gpt-4o-mini"


def test_an_own_strategy_has_one_name_and_none_of_ours() -> None:
    class Mine(Cupl):
        """Built on one of ours, and another."""

    class Named(Cupl):
        called = "mine"

    class Taken(Cupl):
        called = "glov"

    assert (StrategyChoice.of(Mine()).name, StrategyChoice.of(Named()).name) == ("own:Mine", "own:mine")
    assert StrategyChoice.of(Named()).shown == "mine"
    with pytest.raises(SettingsError, match="your strategy Taken is called 'glov' like one of ours; call it otherwise"):
        StrategyChoice.of(Taken())
    with pytest.raises(SettingsError, match=r"^Mine: samples must be at least 1"):
        Mine(samples=0)
