"""A folder that can't be written to is said before anything is loaded."""

import re
from pathlib import Path

import pytest

import prompt_search
from prompt_search.cache.writable import check_writable
from prompt_search.errors import SettingsError


def test_nothing_is_left_behind_and_nothing_is_made(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b", "")
    assert list(tmp_path.iterdir()) == []


def test_a_place_under_a_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    folder = tmp_path / "home" / ".cache" / "prompt-search"
    with pytest.raises(SettingsError, match=rf"{re.escape(str(folder))} can't be written to \(in .*\): .*; do that"):
        check_writable(folder, "do that")


@pytest.mark.parametrize(
    ("given", "way_out"), [("cache_dir", "PROMPT_SEARCH_CACHE"), ("out", "another folder for the run")]
)
def test_a_run_says_it_before_it_loads_a_model(
    given: str, way_out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prompt_search.models.load_model", lambda *_, **__: pytest.fail("loaded"))
    (tmp_path / "file").write_text("")
    folders = {"cache_dir": tmp_path / "cache", "out": tmp_path / "out", given: tmp_path / "file" / "inside"}
    with pytest.raises(SettingsError, match=way_out):
        prompt_search.optimize(
            "photos",
            llm=lambda messages: "",
            out=folders["out"],
            resources=prompt_search.Resources(cache_dir=folders["cache_dir"]),
        )
