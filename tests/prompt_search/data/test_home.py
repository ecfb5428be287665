"""A data path in the home folder of nobody."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluators.errors import DataError
from prompt_search.data import read_images
from prompt_search.data.home import from_home
from prompt_search.testbed.bundled import data_path


@pytest.mark.parametrize("reads", [from_home, read_images, data_path])
def test_the_home_of_nobody_is_refused_with_the_way_out(reads: Callable[[str], object]) -> None:
    with pytest.raises(DataError, match=r"~nouser-at-all/x begins with the home folder.*write the whole path"):
        reads("~nouser-at-all/x")


def test_the_own_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert from_home("~/x") == tmp_path / "x"
