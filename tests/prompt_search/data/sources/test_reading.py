"""What is said of splits and labels."""

import pytest

from evaluators.errors import DataError
from prompt_search.data.sources.reading import given_roles, label_text, parse_split_map


@pytest.mark.parametrize("text", ["train", "=search", "train=serch", "train=search,x"])
def test_a_split_map_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is not NAME=ROLE"):
        parse_split_map([text])


def test_the_map_wins_over_names_and_is_told() -> None:
    found = given_roles(["train", "val", "extra"], parse_split_map(["val=none,extra=test"]), "data")
    assert found.roles == {"train": "search", "extra": "test"}
    assert found.warnings == ()
    assert found.notes == ("splits: 'extra' sealed for the test, 'train' to search with",)


@pytest.mark.parametrize(
    ("names", "mapped", "message"),
    [
        (["train", "test"], ["trian=search"], "names 'trian', which is no split here; did you mean 'train'"),
        (["val", "test"], [], "none to search with; --split-map test=search makes one"),
        (["fold1", "fold2"], [], "'fold1', 'fold2' are not the names of splits"),
        (["a", "b"], ["a=none,b=none"], "are not the names of splits"),
        ([""], ["train=search"], "names 'train', which is no split here; there are none"),
    ],
)
def test_splits_of_no_use_are_refused_with_what_to_do(names: list[str], mapped: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        given_roles(names, parse_split_map(mapped), "data")


def test_a_whole_number_is_one_class_however_it_is_written() -> None:
    assert {label_text(value) for value in (3, 3.0, "3", " 3 ")} == {"3"}
    assert label_text(1e20) == "1e+20"
    none: list[object] = [float("inf"), -1.0, -2, "NaN", None, b"x", {}, []]
    assert [label_text(value) for value in none] == [None] * 8
