"""Entries find their classes, and what finds none is told truly."""

from pathlib import Path

import pytest

from evaluators import ClassLabel
from prompt_search.errors import PromptError
from prompt_search.prompt_files.reading.match_classes import match_classes, match_each

WHERE = Path("cupl.json")
TWINS = (ClassLabel("n1", "missile"), ClassLabel("n2", "missile"), ClassLabel("n3", "Egyptian Mau"))


def test_one_entry_serves_all_classes_of_its_name() -> None:
    assert match_classes(["missile", "Egyptian Mau"], TWINS, WHERE) == {
        "missile": ("n1", "n2"),
        "Egyptian Mau": ("n3",),
    }


@pytest.mark.parametrize("name", ["n3", "Egyptian Mau", "egyptian_mau", "egyptian-mau", "EgyptianMau", "N3"])
def test_names_are_found_in_other_spellings(name: str) -> None:
    assert match_classes(["missile", name], TWINS, WHERE)[name] == ("n3",)


def test_an_id_is_about_its_own_class_even_if_another_is_called_so() -> None:
    classes = (ClassLabel("bird", "crane"), ClassLabel("crane", "machine"))
    assert match_classes(["bird", "crane"], classes, WHERE) == {"bird": ("bird",), "crane": ("crane",)}


def test_a_class_with_an_entry_of_its_own_is_not_served_by_another() -> None:
    classes = (ClassLabel("1", "crane"), ClassLabel("2", "Crane"))
    assert match_classes(["crane", "Crane"], classes, WHERE) == {"crane": ("1",), "Crane": ("2",)}
    with pytest.raises(PromptError, match=r"in the data but not in the file: '2' \('Crane'\)$"):
        match_classes(["crane"], classes, WHERE)


def test_what_does_not_match_is_named_with_close_names() -> None:
    with pytest.raises(PromptError) as raised:
        match_classes(["missle", "Egyptian Mau", "wolf"], TWINS, WHERE)
    assert str(raised.value) == (
        "the classes of cupl.json do not match the data; in the file but not in the data: 'missle' (did you mean "
        "'missile'?), 'wolf'; in the data but not in the file: 'n1' ('missile'), 'n2' ('missile')"
    )


def test_two_entries_about_one_class_are_refused() -> None:
    with pytest.raises(PromptError, match="matched by several entries: 'n3'"):
        match_classes(["missile", "Egyptian Mau", "egyptian_mau"], TWINS, WHERE)


def test_where_one_class_is_meant_a_shared_name_is_refused() -> None:
    with pytest.raises(PromptError, match=r"several of the data have the name 'missile' \(2\)"):
        match_each(["missile", "Egyptian Mau"], TWINS, WHERE)
