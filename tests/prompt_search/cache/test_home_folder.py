"""Wherever a path may be written, the home folder of nobody is an error of ours, and no folder called `~` is made."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_search.cache.cache_dir import cache_dir
from prompt_search.cache.home_folder import in_home
from prompt_search.errors import DataError, InputError, ModelError, PromptError, SettingsError
from prompt_search.llm.api.connection_settings import find_key
from prompt_search.llm.choose import language_model

NOBODY = "~nouser-at-all/x"
UNKNOWN = f"{NOBODY} begins with the home folder of a user that is not known here; write the whole path"


@pytest.mark.parametrize("error", [DataError, ModelError, PromptError, SettingsError])
def test_the_home_of_nobody_is_the_error_of_who_asks(error: type[InputError]) -> None:
    with pytest.raises(error, match=f"^the thing {UNKNOWN}"):
        in_home(NOBODY, error, "the thing")


@pytest.mark.parametrize("spec", [f"gguf:{NOBODY}.gguf", f"hf:{NOBODY}"])
def test_a_language_model_there_is_refused(spec: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"the language model .* not known here"):
        language_model(spec, cache_dir=tmp_path)


def test_a_key_file_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY_FILE", NOBODY)
    with pytest.raises(SettingsError, match=f"MY_KEY_FILE names {UNKNOWN}"):
        find_key("MY_KEY")


@pytest.mark.parametrize("chosen_by", ["argument", "environment"])
def test_a_cache_there_is_refused(chosen_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_SEARCH_CACHE", NOBODY)
    with pytest.raises(SettingsError, match=f"the cache directory {UNKNOWN}"):
        cache_dir(NOBODY if chosen_by == "argument" else None)


def test_a_cache_that_leads_round_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(SettingsError, match=r"the cache directory .*choose another cache directory"):
        cache_dir(tmp_path / "a")


@pytest.mark.skipif(os.name == "nt", reason="a home is found in other ways there")
@pytest.mark.parametrize("path", [lambda: cache_dir(), lambda: cache_dir("~/x"), lambda: in_home("~", SettingsError)])
def test_who_has_no_home_is_told_so(path: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nobody(uid: int) -> object:
        raise KeyError(uid)

    for name in ("HOME", "XDG_CACHE_HOME", "PROMPT_SEARCH_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.setattr("prompt_search.cache.cache_dir.__file__", str(tmp_path / "elsewhere" / "cache_dir.py"))
    with pytest.raises(SettingsError, match="home folder"):
        path()
