"""Names from classes.json."""

import json
from pathlib import Path

import pytest

from evaluators.errors import DataError
from prompt_search.data import Reading, read_images
from prompt_search.data.layouts.image_source import ImageSource
from tests.prompt_search.data.pictures_on_disk import write, write_classes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "data", {"n01_cat": 1, "n02_dog": 1})


def names(root: Path, classes_file: Path | None = None) -> dict[str, str]:
    return {label.id: label.name for label in _given(root, classes_file).classes}


def _given(root: Path, classes_file: Path | None) -> ImageSource:
    return read_images(root, Reading(classes=str(classes_file)) if classes_file else None)


def test_a_classes_file_in_the_folder_is_picked_up(root: Path) -> None:
    write(root / "classes.json", b'{"n02_dog": "dog", "n01_cat": "cat"}')
    assert names(root) == {"n01_cat": "cat", "n02_dog": "dog"}
    assert read_images(root).ignored == ()


def test_a_given_classes_file_wins_over_the_one_in_the_folder(root: Path, tmp_path: Path) -> None:
    write(root / "classes.json", b"not read")
    given = write(tmp_path / "names.json", '\ufeff{"n01_cat": "Katze", "n02_dog": "Hund"}'.encode())
    assert names(root, given) == {"n01_cat": "Katze", "n02_dog": "Hund"}


def test_unknown_and_missing_ids_are_listed_with_the_nearest_ones(root: Path) -> None:
    write(root / "classes.json", b'{"n01_cta": "cat", "n02_dog": "dog"}')
    with pytest.raises(DataError, match=r"'n01_cta' \(did you mean 'n01_cat'\?\).*no name for 1 class: 'n01_cat'"):
        read_images(root)


@pytest.mark.parametrize("name", ["", "  ", 7, None, ["cat"]])
def test_a_name_that_is_blank_or_no_text_is_refused(root: Path, name: object) -> None:
    write(root / "classes.json", json.dumps({"n01_cat": name, "n02_dog": "dog"}).encode())
    with pytest.raises(DataError, match="name of 'n01_cat' must be text"):
        read_images(root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "one JSON object"),
        ('{"n01_cat": "a", "n01_cat": "b"}', "'n01_cat' more than once"),
        ("\xff", "not valid JSON"),
    ],
)
def test_a_classes_file_that_is_none_is_refused(root: Path, text: str, message: str) -> None:
    write(root / "classes.json", text.encode("latin-1"))
    with pytest.raises(DataError, match=message):
        read_images(root)


def test_a_given_classes_file_that_is_missing_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.json is no file"):
        _given(root, tmp_path / "nowhere.json")


def test_two_classes_of_one_name_are_allowed_with_a_warning(root: Path) -> None:
    write(root / "classes.json", b'{"n01_cat": "crane", "n02_dog": "crane"}')
    assert read_images(root).warnings == (
        "classes 'n01_cat', 'n02_dog' have the same name 'crane'; name-keyed exports will be refused",
    )


def test_a_folder_name_that_leaves_no_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'___' has no name"):
        read_images(write_classes(tmp_path, {"___": 1, "cat": 1}))
