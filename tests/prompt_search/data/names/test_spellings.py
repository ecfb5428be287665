"""Classes that differ in spelling only: named, refused where they can only be one."""

from pathlib import Path

import pytest

from evaluators.errors import DataError
from prompt_search.data import read_images
from tests.prompt_search.data.pictures_on_disk import write, write_classes

PAIRS = [
    ("Cat", "cat"),
    ("caf\u00e9", "cafe\u0301"),
    ("polar_bear", "polar bear"),
    ("polar-bear", "Polar_Bear"),
    ("1", "1.0"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_classes_that_differ_in_spelling_between_splits_are_refused_by_name(
    tmp_path: Path, one: str, other: str
) -> None:
    folders = {f"train/{one}": 3, f"test/{other}": 3, "train/dog": 3, "test/dog": 3}
    with pytest.raises(DataError, match=r"differ between the splits only in spelling.*rename them alike") as caught:
        read_images(write_classes(tmp_path, folders))
    for name in (one, other):
        assert name in str(caught.value) or ascii(name) in str(caught.value)
    assert "dog" not in str(caught.value)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_classes_that_differ_in_spelling_inside_of_one_data_set_are_told(tmp_path: Path, one: str, other: str) -> None:
    source = read_images(write_classes(tmp_path, {one: 3, other: 3, "dog": 3}))
    assert len(source.classes) == 3
    assert "differ only in spelling (capitals, Unicode form" in source.warnings[0]


def test_forms_of_unicode_that_look_the_same_are_written_as_escapes(tmp_path: Path) -> None:
    source = read_images(write_classes(tmp_path, {"caf\u00e9": 3, "cafe\u0301": 3}))
    assert "'cafe\\u0301', 'caf\\xe9'" in source.warnings[0]


def test_letters_in_both_cases_are_classes_without_a_word(tmp_path: Path) -> None:
    source = read_images(write_classes(tmp_path, {"A": 3, "a": 3}))
    assert not any("capitals" in warning for warning in source.warnings)


def test_classes_in_all_splits_may_differ_in_spelling_with_a_warning(tmp_path: Path) -> None:
    folders = {f"{split}/{name}": 3 for split in ("train", "test") for name in ("US", "us", "uk")}
    source = read_images(write_classes(tmp_path, folders))
    assert "'US', 'us' differ only" in source.warnings[0]


def test_a_classes_file_in_another_spelling_is_told_the_right_one(tmp_path: Path) -> None:
    write_classes(tmp_path, {"Cat": 3, "dog": 3})
    write(tmp_path / "classes.json", b'{"cat": "tabby", "dog": "dog"}')
    with pytest.raises(DataError, match=r"'cat', 'Cat' \(the file's and the data's spelling"):
        read_images(tmp_path)
