"""`strategies` and `--dry-run`: what a person is told before anything is spent."""

import json
from pathlib import Path

import pytest

from optimizers import STRATEGIES
from prompt_search.cli.strategy_commands import explain
from tests.prompt_search.cli.conftest import Run


def test_a_strategy_whose_file_says_nothing_is_told_by_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    from optimizers import glov

    monkeypatch.setattr(glov, "__doc__", None)
    monkeypatch.setattr(glov.Glov, "__doc__", "Asks which colours matter.\n\nAttributes:\n    steps: how many.\n")
    told = explain(glov.Glov)
    assert told["source"] == "Asks which colours matter."
    assert told["settings"]["steps"]["meaning"] == "how many."


def test_strategies_lists_them_all_with_their_source(program: Run) -> None:
    listed = json.loads(program("strategies", "--json").stdout)
    assert list(listed) == list(STRATEGIES)
    said = program("strategies").stdout
    assert all(name in said for name in STRATEGIES)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_setting_of_every_strategy_is_explained(name: str) -> None:
    for setting, about in explain(STRATEGIES[name])["settings"].items():
        assert about["meaning"], setting


def test_a_strategy_tells_its_source_its_settings_and_what_it_costs_on_given_images(program: Run) -> None:
    said = program("strategies", "hill-climb", "--data", "images", "--set", "iterations=7").stdout
    assert "arXiv:2309.05950" in said
    assert "iterations=7 (default 10; at least 1)" in said
    assert "temperature=1.0 (in [0, 2])" in said
    assert "3 classes with 9 search images" in said


def test_a_misspelt_strategy_or_setting_is_told_with_the_right_one(program: Run) -> None:
    assert "did you mean 'hill-climb'" in program("strategies", "hill-clim", check=2).stderr
    assert "did you mean 'iterations'" in program("strategies", "hill-climb", "--set", "iteration=7", check=2).stderr


def test_a_dry_run_tells_calls_tokens_and_dollars_and_spends_nothing(program: Run, tiny_clip: str, place: Path) -> None:
    common = ("run", "images", "--strategy", "hill-climb", "--model", tiny_clip)
    arguments = (*common, "--llm", "openai/gpt-4o-mini", "--dry-run")
    said = program(*arguments).stdout
    assert "at most what is in brackets" in " ".join(said.split())
    for expected in ("3 classes", "9 search", "strategy ", "LLM calls", "texts to encode", "cost: about $"):
        assert expected in said
    assert not (place / "runs").exists()
    plan = json.loads(program(*arguments, "--json").stdout)
    assert plan["strategies"][0]["llm_calls"] == 10
    assert "--max-calls 9 may end" in program(*arguments, "--max-calls", "9").stdout
    assert "may end" not in program(*arguments, "--max-calls", "10", "--max-cost", "1").stdout
    assert plan["usd"] > 0


def test_a_dry_run_shows_how_everything_was_read_first(program: Run, tiny_clip: str, place: Path) -> None:
    for number, folder in enumerate(("blue_sky", "green_leaf", "red_ball")):
        (place / "images" / folder).rename(place / "images" / str(number))
    (place / "mine\x1b.txt").write_text("a picture of {c}.\n", encoding="utf-8")
    arguments = ("run", "images", "--model", tiny_clip, "--llm", "openai/gpt-4o-mini", "--dry-run")
    said = program(*arguments, "--baseline", "mine\x1b.txt").stdout
    before, _, _ = said.partition("3 classes; images:")
    assert "\nwarning: 3 of 3 class names are numbers" in "\n" + before
    assert "note: mine\\x1b.txt is read as 1 template, one a line: 'a picture of {}.'" in before
    assert "\x1b" not in said
    plan = json.loads(program(*arguments, "--start", "mine\x1b.txt", "--json").stdout)
    assert [note for note in plan["notes"] if "is read as 1 template" in note]
    assert [note for note in plan["notes"] if note.startswith("warning: 3 of 3 class names are numbers")]


def test_a_dry_run_of_an_unpriced_model_says_how_to_state_a_price(program: Run, tiny_clip: str) -> None:
    arguments = ("run", "images", "--model", tiny_clip, "--llm", "mine", "--base-url", "http://127.0.0.1:9/v1")
    assert "--price" in program(*arguments, "--dry-run").stdout
    assert "cost: about $" in program(*arguments, "--dry-run", "--price", "1,2").stdout


def test_a_limit_of_cost_without_a_price_is_bad_input(program: Run, tiny_clip: str) -> None:
    arguments = ("run", "images", "--model", tiny_clip, "--llm", "mine", "--base-url", "http://127.0.0.1:9/v1")
    assert "state the price" in program(*arguments, "--max-cost", "1", check=2).stderr
    assert "a price is IN,OUT" in program(*arguments, "--price", "cheap", check=2).stderr
