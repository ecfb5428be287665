"""One file for many data sets: one of them is chosen, or named, and never guessed."""

from pathlib import Path

import pytest

from evaluators import ClassLabel
from prompt_search.errors import PromptError
from prompt_search.prompt_files.reading.by_dataset import split_part
from tests.prompt_search.prompt_files.conftest import Import

TWO = {"cifar10": ["a photo of a {c}."], "pets": ["a photo of a {c}, a pet.", "a {c}."]}
BY_CLASS = {
    "colours": {"red": ["a red one"], "green": ["a green one"], "blue": ["a blue one"]},
    "animals": {"cat": ["a cat"]},
}


def test_a_data_set_is_chosen_by_its_name(imported: Import) -> None:
    read = imported(TWO, part="#Pets")
    assert read.prompts.compiled().templates == ("a photo of a {}, a pet.", "a {}.")
    assert "the entry 'pets' (of 2: 'cifar10', 'pets')" in read.reading[0]


def test_without_a_name_those_there_are_are_listed(imported: Import) -> None:
    with pytest.raises(PromptError, match=r"for 2 data sets: 'cifar10', 'pets'; name one: .*mine\.json#cifar10"):
        imported(TWO)


def test_the_only_one_is_taken_and_what_is_beside_it_is_told(imported: Import) -> None:
    read = imported({"prefix": ["a {}.", "the {}."], "classnames": ["cat"]})
    assert read.prompts.compiled().templates == ("a {}.", "the {}.")
    assert "the entry 'prefix', left aside: 'classnames'" in read.reading[0]


def test_an_unknown_name_is_refused_with_a_close_one(imported: Import) -> None:
    with pytest.raises(PromptError, match=r"no.*'cifar'; did you mean 'cifar10'"):
        imported(TWO, part="#cifar")


def test_the_data_set_whose_classes_are_those_of_the_data_is_taken(imported: Import) -> None:
    read = imported(BY_CLASS)
    assert read.prompts.compiled().texts == (("a blue one",), ("a green one",), ("a red one",))
    assert "the entry 'colours' (of 2" in read.reading[0]


def test_texts_by_class_of_a_data_set_that_does_not_fit_are_refused(imported: Import) -> None:
    with pytest.raises(PromptError, match="in the file but not in the data: 'cat'"):
        imported(BY_CLASS, part="#animals")


def test_templates_for_each_class_are_not_taken_for_data_sets(imported: Import) -> None:
    read = imported({"red": ["a {}, warm"], "green": ["a {}, leafy"], "blue": ["a {}, cold"]})
    assert read.prompts.compiled().texts[2] == ("a red, warm",)


def test_several_lists_of_a_python_file_are_chosen_by_their_names(imported: Import) -> None:
    content = "small = ['a {}']\nlarge = ['a {}.', 'the {}.']\nclasses = ['cat', 'dog']\n"
    assert imported(content, "t.py", "#large").prompts.compiled().templates == ("a {}.", "the {}.")
    with pytest.raises(PromptError, match="'small', 'large'; name one"):
        imported(content, "t.py")


def test_a_name_for_a_file_that_is_not_by_data_set_is_refused(imported: Import) -> None:
    with pytest.raises(PromptError, match="not by data set"):
        imported(["a {}"], part="#pets")


def test_a_file_that_has_the_mark_in_its_name_is_found(imported: Import, tmp_path: Path) -> None:
    assert imported(["a {}"], "c#.json").prompts.compiled().templates == ("a {}",)
    assert split_part(str(tmp_path / "c#.json")) == (tmp_path / "c#.json", None)


def test_one_entry_for_two_classes_of_its_name_is_told(imported: Import) -> None:
    twins = (ClassLabel("n1", "missile"), ClassLabel("n2", "missile"))
    read = imported({"Missile": ["a missile."]}, classes=twins)
    assert read.prompts.compiled().texts == (("a missile.",), ("a missile.",))
    assert any("serves several classes of its name: 'Missile'" in line for line in read.reading)


@pytest.mark.parametrize("name", ["~nouser-of-this-machine/x.json", "~nouser-of-this-machine/x.json#pets"])
def test_the_home_of_nobody_is_refused(name: str) -> None:
    with pytest.raises(PromptError, match="a user that is not known here"):
        split_part(name)
